#include "common/rpc/tls.h"

#include <utility>

#include "common/status/status_macros.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace cohort::rpc {
namespace {

namespace experimental = grpc::experimental;

constexpr unsigned kRefreshSeconds = 1;

std::shared_ptr<experimental::CertificateProviderInterface> Watcher(const TlsFiles& files) {
  return std::make_shared<experimental::FileWatcherCertificateProvider>(files.key, files.certificate, files.ca, kRefreshSeconds);
}

void Watch(const TlsFiles& files, experimental::TlsCredentialsOptions& options) {
  if (!files.certificate.empty()) options.watch_identity_key_cert_pairs();
  if (!files.ca.empty()) options.watch_root_certs();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsFiles& files, std::shared_ptr<experimental::CertificateVerifier> verifier) {
  if (files.certificate.empty()) return absl::InvalidArgumentError("TLS: a server needs a certificate and its key");
  COHORT_RETURN_IF_ERROR(tls::Check(files));
  experimental::TlsServerCredentialsOptions options(Watcher(files));
  Watch(files, options);
  options.set_cert_request_type(files.ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  if (verifier != nullptr) options.set_certificate_verifier(std::move(verifier));
  return experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(const TlsFiles& files) {
  if (files.ca.empty()) return absl::InvalidArgumentError("TLS: a client needs the certificates that it trusts (the CA file)");
  COHORT_RETURN_IF_ERROR(tls::Check(files));
  return WatchedClientTls(files);
}

std::shared_ptr<grpc::ChannelCredentials> WatchedClientTls(const TlsFiles& files) {
  experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watcher(files));
  Watch(files, options);
  return experimental::TlsCredentials(options);
}

absl::StatusOr<tls::Certificate> PeerCertificate(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> pem = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.empty()) return absl::NotFoundError("the caller has shown no certificate");
  return tls::ParseCertificate(absl::string_view(pem.front().data(), pem.front().size()));
}

}  // namespace cohort::rpc
