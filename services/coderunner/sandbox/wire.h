#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/coderunner/sandbox/command.h"

namespace cohort::coderunner {

// What the service asks a supervisor for. The descriptors that become 0, 1, 2 and perhaps 3 come with it.
struct SupervisorRequest {
  std::string nonce;                     // Comes back in the record. The program never sees it, nor the socket it comes on.
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;                 // As the supervisor sees it before the walls stand.
  std::string root;                      // An empty directory on which the program's root is mounted.
  std::vector<std::string> view;         // Paths that can be read.
  Walls walls = Walls::kProcess;
  bool builds = false;
  uint32_t user = 0;                     // Above 0: this user and group run the program.
  int64_t cpu_ms = 0;
  int64_t wall_ms = 0;
  int64_t memory_bytes = 0;
  int64_t file_bytes = 0;                // Of each file it writes.
  int64_t tasks = 0;                     // RLIMIT_NPROC.
};

inline constexpr size_t kMaxRequestBytes = 64 * 1024;
inline constexpr size_t kNonceBytes = 32;

std::string Encode(const SupervisorRequest& request);
absl::StatusOr<SupervisorRequest> DecodeRequest(std::string_view text);

// What the supervisor says once at the end.
struct EndRecord {
  enum Phase : int32_t { kRan = 0, kNotStarted = 1 };
  enum Stop : int32_t { kByItself = 0, kAtWallLimit = 1, kAtCpuLimit = 2, kAbandoned = 3 };

  char nonce[kNonceBytes] = {};
  Phase phase = kNotStarted;
  Stop stop = kByItself;
  int32_t status = 0;  // As from waitpid().
  int64_t cpu_us = 0;
  int64_t wall_us = 0;
  int64_t peak_bytes = 0;
  char message[256] = {};  // kNotStarted: why.
};

}  // namespace cohort::coderunner
