#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/reply.h"

struct redisContext;

namespace cohort::redis {

// One TCP connection to a Redis server, from its connect to its first error. The only file that calls hiredis. Not thread-safe.
//
// Every wait is a poll() up to the caller's deadline. After an error that is not the server's own the wire is dead: close it.
class Wire {
 public:
  // UNAVAILABLE: refused, unreachable, or not before `deadline`. INVALID_ARGUMENT: `address` is not "host:port".
  static absl::StatusOr<std::unique_ptr<Wire>> Connect(const std::string& address, absl::Time deadline);
  ~Wire();

  // Whether the server has closed the connection, or sent what nobody asked for, since the last call. Does not block.
  bool IsStale() const;

  // Sends one command and waits for its reply. DEADLINE_EXCEEDED or UNAVAILABLE: the server may or may not have run it. Errors of the server itself
  // come back as ErrorOf() says, with `server_error` set.
  absl::StatusOr<Reply> Call(const std::vector<std::string>& command, absl::Time deadline, bool& server_error);

 private:
  explicit Wire(redisContext* context) : context_(context) {}
  absl::Status Send(absl::Time deadline);
  // Blocks until the socket has one of the poll() `events`.
  absl::Status WaitFor(short events, absl::Time deadline);
  absl::Status Error() const;

  redisContext* const context_;
};

}  // namespace cohort::redis
