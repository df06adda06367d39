#include "common/redis/tls_session.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/socket.h"
#include "common/status/status_macros.h"

namespace cohort::redis {
namespace {

constexpr size_t kReadBytes = 16 << 10;  // The most that one TLS record holds.

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

int FdOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

// OpenSSL's own socket BIO calls write(), which raises SIGPIPE where the other end has gone.
int SendBytes(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = send(FdOf(bio), bytes, size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int ReceiveBytes(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t received = recv(FdOf(bio), bytes, size, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(received);
}

// OpenSSL asks for the end to tell it from an error; without an answer a hang-up would read as whatever errno was before.
long Control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// A BIO over the socket `fd`, which stays its owner's.
BIO* SocketBio(int fd) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cohort socket");
    BIO_meth_set_write(made, SendBytes);
    BIO_meth_set_read(made, ReceiveBytes);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

bool IsIp(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 || inet_pton(AF_INET6, host.c_str(), address) == 1;
}

std::string TextOf(unsigned long error) {
  char text[256];
  ERR_error_string_n(error, text, sizeof(text));
  return text;
}

absl::Status OfFile(const std::string& file) {
  return absl::UnauthenticatedError(absl::StrCat(file, ": OpenSSL cannot use it: ", TextOf(ERR_peek_last_error())));
}

// Whether a fatal alert of the server is about the certificate that this end has shown.
bool IsAboutCertificate(int reason) {
  switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return true;
    default:
      return false;
  }
}

// The context with the files in it; a TLS client that verifies.
absl::StatusOr<Context> MakeContext(const tls::Files& files) {
  COHORT_RETURN_IF_ERROR(tls::Check(files));
  Context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for a TLS connection");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (files.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) != 1) {
    return OfFile(files.ca);
  }
  if (files.certificate.empty()) return context;
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) return OfFile(files.certificate);
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) return OfFile(files.key);
  return context;
}

// The server's certificate was not accepted, for the reason `verified`.
absl::Status NotVouchedFor(long verified, const std::string& ca) {
  const char* why = X509_verify_cert_error_string(verified);
  if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return absl::UnauthenticatedError(absl::StrCat("the server's certificate does not name this host (", why, "); connect by a name that it has as subjectAltName, or renew it with this one"));
  }
  if (verified == X509_V_ERR_CERT_HAS_EXPIRED) return absl::UnauthenticatedError(absl::StrCat("the server's certificate has expired (", why, "); renew it"));
  return absl::UnauthenticatedError(absl::StrCat("the server's certificate is not vouched for by ", ca, " (", why, "); set COHORT_REDIS_CA to the file with the authority that signed it"));
}

}  // namespace

void TlsSession::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsSession::TlsSession(int fd, std::string ca) : fd_(fd), ca_(std::move(ca)), buffer_(kReadBytes, '\0') {}
TlsSession::~TlsSession() = default;

absl::StatusOr<std::unique_ptr<TlsSession>> TlsSession::Handshake(int fd, const std::string& host, const tls::Files& files, absl::Time deadline) {
  std::unique_ptr<TlsSession> session(new TlsSession(fd, files.ca.empty() ? "the system's authorities" : files.ca));
  ERR_clear_error();
  const absl::Status prepared = session->Prepare(host, files);
  ERR_clear_error();
  COHORT_RETURN_IF_ERROR(prepared);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(session->ssl_.get());
    if (result == 1) return session;
    const absl::Status ready = session->Await(result, deadline);
    if (absl::IsDeadlineExceeded(ready)) {
      return absl::DeadlineExceededError("no TLS handshake before the deadline; is this a plaintext port? Then write its address without rediss://");
    }
    COHORT_RETURN_IF_ERROR(ready);
  }
}

absl::Status TlsSession::Prepare(const std::string& host, const tls::Files& files) {
  COHORT_ASSIGN_OR_RETURN(const Context context, MakeContext(files));
  ssl_.reset(SSL_new(context.get()));
  if (ssl_ == nullptr) return absl::ResourceExhaustedError("no memory for a TLS connection");
  BIO* bio = SocketBio(fd_);
  SSL_set_bio(ssl_.get(), bio, bio);
  // Without the name any certificate of the authority would do.
  const bool named = IsIp(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str()) == 1
                                : !host.empty() && SSL_set1_host(ssl_.get(), host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
  return named ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat("'", host, "' is no name of a host that a certificate could have"));
}

absl::Status TlsSession::Write(absl::string_view bytes, absl::Time deadline) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int most = static_cast<int>(std::min<size_t>(bytes.size(), std::numeric_limits<int>::max()));
    const int result = SSL_write(ssl_.get(), bytes.data(), most);
    if (result > 0) {
      bytes.remove_prefix(result);
      continue;
    }
    const absl::Status ready = Await(result, deadline);
    if (absl::IsUnavailable(ready)) return LastWords(ready);
    COHORT_RETURN_IF_ERROR(ready);
  }
  return absl::OkStatus();
}

absl::Status TlsSession::LastWords(const absl::Status& lost) {
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
  if (result > 0 || SSL_get_error(ssl_.get(), result) != SSL_ERROR_SSL) return lost;
  return Failure();
}

absl::StatusOr<absl::string_view> TlsSession::Read(absl::Time deadline) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
    if (result > 0) return absl::string_view(buffer_.data(), result);
    COHORT_RETURN_IF_ERROR(Await(result, deadline));
  }
}

bool TlsSession::IsStale() {
  if (SSL_pending(ssl_.get()) > 0) return true;
  if (!HasNews(fd_)) return false;
  // A session ticket or a new key is no reply: look what it is.
  char byte = 0;
  ERR_clear_error();
  const int result = SSL_peek(ssl_.get(), &byte, 1);
  const bool alive = result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  return !alive;
}

absl::Status TlsSession::Await(int result, absl::Time deadline) {
  const int saved = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return WaitForSocket(fd_, POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return WaitForSocket(fd_, POLLOUT, deadline);
    case SSL_ERROR_ZERO_RETURN:
      return absl::UnavailableError("the server has closed the connection");
    case SSL_ERROR_SYSCALL:
      return absl::UnavailableError(saved == 0 ? "the server has closed the connection" : std::strerror(saved));
    default:
      return Failure();
  }
}

absl::Status TlsSession::Failure() const {
  const unsigned long error = ERR_peek_error();
  const long verified = SSL_get_verify_result(ssl_.get());
  switch (ERR_GET_REASON(error)) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return absl::UnavailableError("the server has closed the connection");
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return NotVouchedFor(verified, ca_);
    case SSL_R_WRONG_VERSION_NUMBER:
      return absl::UnauthenticatedError("the server speaks no TLS on this port; write its address without rediss://, or take its TLS port");
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:  // So says TLS 1.2; with a certificate it is about something else.
      if (SSL_get_certificate(ssl_.get()) != nullptr) break;
      [[fallthrough]];
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return absl::UnauthenticatedError("the server asks for a certificate of the client; set COHORT_REDIS_CERT and COHORT_REDIS_KEY to one of an authority that it trusts");
    default:
      break;
  }
  if (IsAboutCertificate(ERR_GET_REASON(error))) {
    return absl::UnauthenticatedError(
        absl::StrCat("the server does not accept the certificate of this end (", TextOf(error), "); correct COHORT_REDIS_CERT and COHORT_REDIS_KEY"));
  }
  return absl::UnavailableError(absl::StrCat("TLS: ", TextOf(error)));
}

}  // namespace cohort::redis
