#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/endpoint.h"
#include "common/redis/reply.h"
#include "common/redis/tls_session.h"
#include "common/tls/files.h"

struct redisContext;

namespace cohort::redis {

// One TCP connection to a Redis server, with TLS over it or without, from its connect to its first error. The only file that calls hiredis, which parses
// replies in both cases, and reads and writes the socket without TLS. Not thread-safe.
//
// Every wait is a poll() up to the caller's deadline. After an error that is not the server's own the wire is dead: close it.
class Wire {
 public:
  // `files` are for TLS. UNAVAILABLE: refused, unreachable, or not before `deadline`. Other errors are those of TlsSession::Handshake().
  static absl::StatusOr<std::unique_ptr<Wire>> Connect(const Endpoint& endpoint, const tls::Files& files, absl::Time deadline);
  ~Wire();

  // Whether the server has closed the connection, or sent what nobody asked for, since the last call. Does not block.
  bool IsStale() const;

  // Sends one command and waits for its reply. DEADLINE_EXCEEDED or UNAVAILABLE: the server may or may not have run it. Errors of the server itself
  // come back as ErrorOf() says, with `server_error` set. UNAUTHENTICATED: the server refuses our certificate.
  absl::StatusOr<Reply> Call(const std::vector<std::string>& command, absl::Time deadline, bool& server_error);

 private:
  explicit Wire(redisContext* context) : context_(context) {}
  absl::Status Send(const std::vector<std::string>& command, absl::Time deadline);
  absl::Status SendPlain(absl::Time deadline);
  // Waits for more bytes and gives them to the parser.
  absl::Status Receive(absl::Time deadline);
  absl::Status Error() const;

  redisContext* const context_;
  std::unique_ptr<TlsSession> tls_;  // Null for plaintext.
};

}  // namespace cohort::redis
