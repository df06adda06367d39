#include "common/rpc/tls.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace cohort::rpc {
namespace {

namespace tls = grpc::experimental;

constexpr unsigned kRefreshSeconds = 1;

// The text of `file`, whose first certificate is valid now.
absl::StatusOr<std::string> ReadValid(const std::string& file) {
  COHORT_ASSIGN_OR_RETURN(std::string pem, io::ReadFile(file));
  const absl::StatusOr<Certificate> certificate = ParseCertificate(pem);
  if (!certificate.ok()) return Annotate(certificate.status(), file);
  const absl::Time now = absl::Now();
  if (now > certificate->not_after) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": the certificate expired at ", absl::FormatTime(certificate->not_after, absl::UTCTimeZone())));
  }
  if (now < certificate->not_before) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": the certificate is not valid before ",
                                                   absl::FormatTime(certificate->not_before, absl::UTCTimeZone()), "; is the clock right?"));
  }
  return pem;
}

absl::Status Check(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) return absl::InvalidArgumentError("TLS: a certificate and its key go together, one of them is missing");
  if (!files.ca.empty()) COHORT_RETURN_IF_ERROR(ReadValid(files.ca).status());
  if (files.certificate.empty()) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const std::string certificate, ReadValid(files.certificate));
  COHORT_ASSIGN_OR_RETURN(const std::string key, io::ReadFile(files.key));
  const absl::Status fits = CheckKey(certificate, key);
  return fits.ok() ? fits : Annotate(fits, files.key);
}

std::shared_ptr<tls::CertificateProviderInterface> Watcher(const TlsFiles& files) {
  return std::make_shared<tls::FileWatcherCertificateProvider>(files.key, files.certificate, files.ca, kRefreshSeconds);
}

void Watch(const TlsFiles& files, tls::TlsCredentialsOptions& options) {
  if (!files.certificate.empty()) options.watch_identity_key_cert_pairs();
  if (!files.ca.empty()) options.watch_root_certs();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsFiles& files) {
  if (files.certificate.empty()) return absl::InvalidArgumentError("TLS: a server needs a certificate and its key");
  COHORT_RETURN_IF_ERROR(Check(files));
  tls::TlsServerCredentialsOptions options(Watcher(files));
  Watch(files, options);
  options.set_cert_request_type(files.ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(const TlsFiles& files) {
  if (files.ca.empty()) return absl::InvalidArgumentError("TLS: a client needs the certificates that it trusts (the CA file)");
  COHORT_RETURN_IF_ERROR(Check(files));
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watcher(files));
  Watch(files, options);
  return tls::TlsCredentials(options);
}

absl::StatusOr<Certificate> PeerCertificate(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> pem = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.empty()) return absl::NotFoundError("the caller has shown no certificate");
  return ParseCertificate(absl::string_view(pem.front().data(), pem.front().size()));
}

}  // namespace cohort::rpc
