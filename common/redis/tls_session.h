#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/tls/files.h"

struct ssl_st;

namespace cohort::redis {

// TLS (1.2 or newer) over one connected, non-blocking socket, as its client. The files are read at the handshake. Not thread-safe; does not own the socket.
//
// Errors: UNAVAILABLE when the connection was lost, DEADLINE_EXCEEDED; UNAUTHENTICATED when one end does not accept the other, with
// the setting to correct.
class TlsSession {
 public:
  // Shakes hands with the server `host`, whose certificate must name it. Errors of the files are those of tls::Check().
  static absl::StatusOr<std::unique_ptr<TlsSession>> Handshake(int fd, const std::string& host, const tls::Files& files, absl::Time deadline);
  ~TlsSession();

  absl::Status Write(absl::string_view bytes, absl::Time deadline);
  // The next bytes, at least one; they stay until the next call.
  absl::StatusOr<absl::string_view> Read(absl::Time deadline);
  // Whether the other end has closed, or sent what nobody asked for. Does not block.
  bool IsStale();

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  TlsSession(int fd, std::string ca);
  absl::Status Prepare(const std::string& host, const tls::Files& files);
  // Waits for what `ssl` asked for when it returned `result`, or says why it never will.
  absl::Status Await(int result, absl::Time deadline);
  absl::Status Failure() const;
  // After a write was cut off: what the server said before it hung up (with TLS 1.3 that is how it refuses a certificate), else `lost`.
  absl::Status LastWords(const absl::Status& lost);

  const int fd_;
  const std::string ca_;  // For errors: who had to vouch.
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  std::string buffer_;
};

}  // namespace cohort::redis
