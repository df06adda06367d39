#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/tls/files.h"

namespace cohort::redis {

// How a process shows itself to its Redis server and whom it trusts, and whether that has ever worked. Thread-safe.
//
// Secrets come from files and from the environment, which children inherit; they are in no command line, no config, no log and no error.
class Access {
 public:
  struct Settings {
    std::string user;           // Of the server's ACL; empty is the default user.
    std::string password;       // At most one of these two.
    std::string password_file;  // Its first line is the password; read anew at every connect, so that a changed password needs no restart.
    tls::Files tls;             // Read anew at every connect. Without `ca` the system's authorities vouch. For rediss:// addresses alone.
  };
  explicit Access(Settings settings) : settings_(std::move(settings)) {}

  // That of the environment as it is at the first call: COHORT_REDIS_USER, COHORT_REDIS_PASSWORD_FILE or COHORT_REDIS_PASSWORD, COHORT_REDIS_CA,
  // COHORT_REDIS_CERT, COHORT_REDIS_KEY.
  static const std::shared_ptr<Access>& OfProcess();
  // Takes all of these out of the environment, for a process whose Redis server is a private one. Call it before OfProcess() and before threads start.
  static void ForgetEnvironment();

  struct Login {
    std::string user;  // Empty is the default user.
    std::string password;
  };
  // What to log in with now; nullopt where no password is set. INVALID_ARGUMENT or the error of reading the file name the setting to correct.
  absl::StatusOr<std::optional<Login>> ReadLogin() const;

  const tls::Files& tls() const { return settings_.tls; }
  // Where the password comes from, for errors: a file's name, "COHORT_REDIS_PASSWORD" or "".
  std::string password_source() const;

  // The server has let a connection in. From then on a refusal is taken for something that passes: a password that is being changed.
  void Accepted();
  bool ever_accepted() const;
  // Logs a refusal that is going to be tried again: the first of a row, and then every half minute.
  void WarnOfRefusal(const absl::Status& refusal);

 private:
  const Settings settings_;
  mutable absl::Mutex mutex_;
  bool accepted_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time warned_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // InfinitePast after a connection that was let in.
};

}  // namespace cohort::redis
