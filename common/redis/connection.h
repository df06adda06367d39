#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/access.h"
#include "common/redis/endpoint.h"
#include "common/redis/reply.h"
#include "common/redis/script.h"

namespace cohort::redis {

class Wire;

// Reason (common/status/errors.h) of every error that says: the server is there, and does not let this process in, or not do that.
inline constexpr char kRefused[] = "REDIS_REFUSED";

// What to do when a command was sent and its reply never came, so that nobody knows whether the server ran it.
enum class LostReply {
  kRepeat,  // Running it twice does no harm: reconnect and send it again until the deadline.
  kReport,  // Tell the caller: UNAVAILABLE, "outcome unknown".
};

// A connection to one Redis server that connects when it is first used and again whenever it was lost, inside the calls, with back-off, until the
// caller's deadline. No call outlives its deadline (the resolution of a host name aside). Not thread-safe; see Pool.
//
// Errors name the address. UNAVAILABLE: not reachable until the deadline, or the outcome is unknown. DEADLINE_EXCEEDED: connected, but no answer in
// time. The server's own errors are described at ErrorOf().
//
// A server that does not let this process in (PERMISSION_DENIED or FAILED_PRECONDITION for passwords, UNAUTHENTICATED for TLS, the errors of the files) is told at
// once, with the setting to correct and the reason kRefused, as long as it has never let the process in. After that it counts as not reachable: every attempt reads
// password and certificates anew, and the log tells. A command that the process may not give (NOPERM) has that reason, too.
class Connection {
 public:
  struct Options {
    std::string address;      // host:port, or rediss://host:port for TLS.
    std::string client_name;  // What CLIENT LIST shows; no spaces.
    // The longest wait for a connect, so that a host that drops packets leaves time for another attempt.
    absl::Duration connect_timeout = absl::Seconds(5);
    std::shared_ptr<Access> access = nullptr;  // Null takes that of the process.
  };
  explicit Connection(Options options);
  ~Connection();

  absl::StatusOr<Reply> Command(const std::vector<std::string>& command, absl::Time deadline, LostReply lost_reply);

  // Runs a script by its hash; a server that does not know it (yet, or after a restart) is taught it first.
  absl::StatusOr<Reply> Run(const Script& script, const std::vector<std::string>& keys, const std::vector<std::string>& arguments,
                            absl::Time deadline, LostReply lost_reply);

  const std::string& address() const { return options_.address; }

 private:
  // One try on a wire that stands. `sent` says whether the server may have run something; `server_error` whether an error is its own answer.
  struct Attempt {
    bool sent = false;
    bool server_error = false;
  };
  using Action = std::function<absl::StatusOr<Reply>(Attempt& attempt)>;

  // Counts and times the command.
  absl::StatusOr<Reply> Retry(const Action& action, absl::Time deadline, LostReply lost_reply);
  absl::StatusOr<Reply> RetryUntil(const Action& action, absl::Time start, absl::Time deadline, LostReply lost_reply);
  absl::Status EnsureConnected(absl::Time deadline);
  absl::StatusOr<std::unique_ptr<Wire>> Connect(absl::Time deadline) const;
  // Logs in where there is a password, and names the connection.
  absl::Status Introduce(Wire& wire, absl::Time deadline) const;
  absl::StatusOr<std::string> HashOf(const Script& script, absl::Time deadline, bool& server_error);
  absl::Status Describe(const absl::Status& error, absl::Time start, int attempts) const;

  const Options options_;
  const std::shared_ptr<Access> access_;
  const absl::StatusOr<Endpoint> endpoint_;       // Of the address.
  std::unique_ptr<Wire> wire_;                    // Null while not connected.
  std::map<const Script*, std::string> hashes_;   // What the server behind `wire_` was taught.
};

}  // namespace cohort::redis
