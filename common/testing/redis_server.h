#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/process/child_process.h"
#include "common/testing/temp_dir.h"
#include "common/tls/files.h"

namespace cohort::testing {

// A real redis-server for one test: a free loopback port, a directory of its own, no snapshots. Ends with the object, or with the
// thread that started it (see ChildProcess). Not thread-safe.
class RedisServer {
 public:
  struct Options {
    bool append_only = false;               // Every write is on disk before it is answered.
    std::vector<std::string> arguments;     // More for the command line: {"--maxmemory-policy", "allkeys-lru"}. May set a password.
    tls::Files tls;                         // With these it also listens with TLS; clients need a certificate unless an argument says otherwise.
  };
  // Returns when the server answers.
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start(Options options);
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start() { return Start(Options()); }
  ~RedisServer();

  std::string address() const;  // host:port, plaintext.
  std::string tls_address() const;  // rediss://host:port; only with Options.tls.

  // SIGKILL; returns when the process is gone.
  void Kill();
  // After Kill(): starts again on the same port, with the data of the append-only file or with none. Returns when it answers.
  absl::Status Restart();
  // The same, with other arguments.
  absl::Status Restart(std::vector<std::string> arguments);
  // SIGSTOP and SIGCONT: connections stand, nothing answers.
  void Pause();
  void Resume();

 private:
  explicit RedisServer(Options options) : options_(std::move(options)) {}
  absl::Status Launch();

  Options options_;
  const TempDir directory_;
  int port_ = 0;
  int tls_port_ = 0;
  std::unique_ptr<process::ChildProcess> process_;
};

}  // namespace cohort::testing
