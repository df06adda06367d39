#include "services/admin/scale/kubernetes_scaler.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/process/environment.h"
#include "common/rpc/address.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "services/admin/http/http_call.h"

namespace cohort::admin {
namespace {

constexpr absl::Duration kRetryDelay = absl::Seconds(2);

// A file of the account, without the newline at its end.
absl::StatusOr<std::string> ReadAccount(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(std::string text, io::ReadFile(path));
  return std::string(absl::StripAsciiWhitespace(text));
}

// What the API server's Status object says, or the beginning of what it is instead.
std::string MessageOf(const HttpResponse& response) {
  const auto answer = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (answer.is_object() && answer.contains("message") && answer["message"].is_string()) return answer["message"];
  return absl::StrCat("HTTP ", response.code, " ", response.body.substr(0, 200));
}

absl::Status Unavailable(absl::string_view message) {
  return WithRetryDelay(ErrorWithReason(absl::StatusCode::kUnavailable, "KUBERNETES_UNAVAILABLE", absl::StrCat("Kubernetes: ", message)), kRetryDelay);
}

absl::Status ErrorOf(const HttpResponse& response) {
  const std::string message = MessageOf(response);
  switch (response.code) {
    case 401:
    case 403:
      return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "SCALER_FORBIDDEN",
                             absl::StrCat("Kubernetes does not let the admin service scale: ", message, "; its Role needs get and patch on deployments/scale"));
    case 404:
      return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_DEPLOYMENT", absl::StrCat("Kubernetes has no such Deployment: ", message));
    case 400:
    case 422: return absl::InvalidArgumentError(absl::StrCat("replicas: Kubernetes refuses: ", message));
    case 409: return absl::AbortedError(absl::StrCat("Kubernetes: ", message, "; ask again"));
    default: return Unavailable(message);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<KubernetesScaler>> KubernetesScaler::InCluster(Options options) {
  const std::string host = process::Variable("KUBERNETES_SERVICE_HOST");
  const std::string port = process::Variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return absl::InvalidArgumentError("--kubernetes-deployment: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod of a cluster");
  }
  const absl::StatusOr<std::string> space = ReadAccount(options.account_folder + "/namespace");
  if (!space.ok() || space->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--kubernetes-deployment: no namespace in ", options.account_folder,
                                                   "; does the pod have automountServiceAccountToken: true?"));
  }
  std::string url = absl::StrCat("https://", rpc::Advertised(absl::StrCat(":", port), host), "/apis/apps/v1/namespaces/", *space, "/deployments/",
                                 options.deployment, "/scale");
  return std::unique_ptr<KubernetesScaler>(new KubernetesScaler(std::move(options), std::move(url)));
}

absl::StatusOr<int> KubernetesScaler::Call(const std::string& method, const std::string& query, const std::string& body, absl::Time deadline) {
  HttpRequest request{.method = method, .url = url_ + query, .ca_file = options_.account_folder + "/ca.crt"};
  const absl::StatusOr<std::string> token = ReadAccount(options_.account_folder + "/token");
  if (!token.ok()) return Unavailable(absl::StrCat("no token of the service account: ", token.status().message()));
  request.token = *token;
  request.accept = "application/json";
  request.content_type = "application/merge-patch+json";
  request.body = body;
  const absl::StatusOr<HttpResponse> response = CallHttp(request, deadline);
  if (!response.ok()) return Unavailable(response.status().message());
  if (response->code != 200) return ErrorOf(*response);
  const auto scale = nlohmann::json::parse(response->body, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json* spec = scale.is_object() && scale.contains("spec") ? &scale["spec"] : nullptr;
  if (spec == nullptr || !spec->is_object()) return Unavailable(absl::StrCat("not a Scale: ", response->body.substr(0, 200)));
  const auto replicas = spec->find("replicas");
  return replicas != spec->end() && replicas->is_number_integer() ? replicas->get<int>() : 0;  // A zero is left out.
}

absl::StatusOr<std::optional<int>> KubernetesScaler::Wanted(absl::Time deadline) { return Call("GET", "", "", deadline); }

absl::Status KubernetesScaler::Scale(int replicas, bool validate_only, absl::Time deadline) {
  const nlohmann::json patch = {{"spec", {{"replicas", replicas}}}};
  return Call("PATCH", validate_only ? "?fieldManager=cohort-admin&dryRun=All" : "?fieldManager=cohort-admin", patch.dump(), deadline).status();
}

}  // namespace cohort::admin
