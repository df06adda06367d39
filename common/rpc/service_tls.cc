#include "common/rpc/service_tls.h"

#include <cstdlib>

#include "common/log/log.h"
#include "common/rpc/tls.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::rpc {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials() {
  const tls::Files files = ServiceTlsFiles();
  if (!files.any()) return nullptr;
  const absl::Status usable = CheckServiceTls();
  if (!usable.ok()) COHORT_LOG(ERROR) << "no service can be called: " << usable.message();
  return WatchedClientTls(files);
}

}  // namespace

tls::Files ServiceTlsFiles() { return {.certificate = Variable("COHORT_TLS_CERT"), .key = Variable("COHORT_TLS_KEY"), .ca = Variable("COHORT_TLS_CA")}; }

absl::Status CheckServiceTls() {
  const tls::Files files = ServiceTlsFiles();
  if (!files.any()) return absl::OkStatus();
  if (files.certificate.empty() || files.key.empty() || files.ca.empty()) {
    return absl::InvalidArgumentError("TLS between services: COHORT_TLS_CERT, COHORT_TLS_KEY and COHORT_TLS_CA go together, one of them is missing");
  }
  const absl::Status usable = tls::Check(files);
  return usable.ok() ? usable : Annotate(usable, "TLS between services");
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServiceServerCredentials() {
  const tls::Files files = ServiceTlsFiles();
  if (!files.any()) return nullptr;
  COHORT_RETURN_IF_ERROR(CheckServiceTls());
  return ServerTls(files);
}

std::shared_ptr<grpc::ChannelCredentials> ServiceChannelCredentials() {
  static const auto* const credentials = new std::shared_ptr<grpc::ChannelCredentials>(MakeChannelCredentials());
  return *credentials;
}

std::string ProbeAddress() { return Variable("COHORT_PROBE_LISTEN"); }

}  // namespace cohort::rpc
