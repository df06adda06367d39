#include "services/admin/scale/kubernetes_api.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/process/environment.h"
#include "common/rpc/address.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::admin {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(2);

// A file of the account, without the newline at its end.
absl::StatusOr<std::string> ReadAccount(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(std::string text, io::ReadFile(path));
  return std::string(absl::StripAsciiWhitespace(text));
}

}  // namespace

std::string MessageOfKubernetes(const HttpResponse& response) {
  const auto answer = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (answer.is_object() && answer.contains("message") && answer["message"].is_string()) return answer["message"];
  return absl::StrCat("HTTP ", response.code, " ", response.body.substr(0, 200));
}

absl::Status KubernetesUnavailable(absl::string_view message) {
  return WithRetryDelay(ErrorWithReason(absl::StatusCode::kUnavailable, "KUBERNETES_UNAVAILABLE", absl::StrCat("Kubernetes: ", message)), kRetryDelay);
}

absl::StatusOr<KubernetesApi> KubernetesApi::InCluster(const std::string& account_folder, absl::string_view flag) {
  const std::string host = process::Variable("KUBERNETES_SERVICE_HOST");
  const std::string port = process::Variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod of a cluster"));
  }
  const absl::StatusOr<std::string> space = ReadAccount(account_folder + "/namespace");
  if (!space.ok() || space->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": no namespace in ", account_folder, "; does the pod have automountServiceAccountToken: true?"));
  }
  return KubernetesApi(absl::StrCat("https://", rpc::Advertised(absl::StrCat(":", port), host)), *space, account_folder);
}

absl::StatusOr<HttpResponse> KubernetesApi::Call(const std::string& method, const std::string& path, const std::string& body,
                                                 absl::Time deadline) const {
  HttpRequest request{.method = method, .url = server_ + path, .ca_file = account_folder_ + "/ca.crt"};
  const absl::StatusOr<std::string> token = ReadAccount(account_folder_ + "/token");
  if (!token.ok()) return KubernetesUnavailable(absl::StrCat("no token of the service account: ", token.status().message()));
  request.token = *token;
  request.accept = "application/json";
  request.content_type = "application/merge-patch+json";
  request.body = body;
  absl::StatusOr<HttpResponse> response = CallHttp(request, deadline);
  if (!response.ok()) return KubernetesUnavailable(response.status().message());
  return response;
}

}  // namespace cohort::admin
