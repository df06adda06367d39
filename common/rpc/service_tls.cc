#include "common/rpc/service_tls.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/process/environment.h"
#include "common/rpc/tls.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "grpcpp/security/tls_certificate_verifier.h"

namespace cohort::rpc {
namespace {

bool IsComplete(const tls::Files& files) { return !files.certificate.empty() && !files.key.empty() && !files.ca.empty(); }

// Lets only certificates of services in, so that what the same authority gives to people does not make services of them.
class OnlyServices final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>, grpc::Status* result) override {
    const auto names = request->dns_names();
    const bool service = std::find(names.begin(), names.end(), kServiceName) != names.end();
    *result = service ? grpc::Status::OK
                      : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, absl::StrCat("the caller's certificate does not name '", kServiceName, "'"));
    return true;
  }
  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}
};

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials() {
  const tls::Files files = ServiceTlsFiles();
  if (!files.any()) return nullptr;
  const absl::Status usable = CheckServiceTls();
  if (!usable.ok()) COHORT_LOG(ERROR) << "no service can be called: " << usable.message();
  // What is incomplete is refused: gRPC would trust the authorities of the machine where none is named.
  if (!IsComplete(files)) return grpc::SslCredentials({.pem_root_certs = "none", .pem_private_key = "", .pem_cert_chain = ""});
  return WatchedClientTls(files);
}

}  // namespace

tls::Files ServiceTlsFiles() {
  return {.certificate = process::Variable("COHORT_TLS_CERT"), .key = process::Variable("COHORT_TLS_KEY"), .ca = process::Variable("COHORT_TLS_CA")};
}

absl::Status CheckServiceTls() {
  const tls::Files files = ServiceTlsFiles();
  if (!files.any()) return absl::OkStatus();
  if (!IsComplete(files)) {
    return absl::InvalidArgumentError("TLS between services: COHORT_TLS_CERT, COHORT_TLS_KEY and COHORT_TLS_CA go together, one of them is missing");
  }
  const absl::Status usable = tls::Check(files);
  return usable.ok() ? usable : Annotate(usable, "TLS between services");
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServiceServerCredentials() {
  const tls::Files files = ServiceTlsFiles();
  if (!files.any()) return nullptr;
  COHORT_RETURN_IF_ERROR(CheckServiceTls());
  return ServerTls(files, grpc::experimental::ExternalCertificateVerifier::Create<OnlyServices>());
}

std::shared_ptr<grpc::ChannelCredentials> ServiceChannelCredentials() {
  static const auto* const credentials = new std::shared_ptr<grpc::ChannelCredentials>(MakeChannelCredentials());
  return *credentials;
}

std::string ProbeAddress() { return process::Variable("COHORT_PROBE_LISTEN"); }

}  // namespace cohort::rpc
