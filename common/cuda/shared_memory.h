#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/status/statusor.h"

namespace cohort::cuda {

// Which GPU this is, the same for every process that sees it: its UUID in hexadecimal digits.
absl::StatusOr<std::string> DeviceIdentity(int gpu);

// By which other processes of this machine find `data` (CUDA IPC). It must lie in memory of cudaMalloc and stay allocated while they read. Errors where the
// driver does not allow it.
absl::StatusOr<std::string> ShareMemory(const void* data);

// Memory of other processes, seen from this one. Opening takes a while and so does closing: the last few allocations stay open. Not thread-safe.
class SharedMemory {
 public:
  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Where this process sees what ShareMemory() has named, on the current device, until a few others have been opened.
  absl::StatusOr<const void*> Open(const std::string& shared);

 private:
  struct Allocation {
    std::string handle;
    uint64_t id = 0;
    void* base = nullptr;  // In this process.
  };

  void CloseOldest();

  std::deque<Allocation> open_;  // The oldest first.
};

}  // namespace cohort::cuda
