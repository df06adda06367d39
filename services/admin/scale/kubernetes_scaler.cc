#include "services/admin/scale/kubernetes_scaler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::admin {
namespace {

absl::Status ErrorOf(const HttpResponse& response) {
  const std::string message = MessageOfKubernetes(response);
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
    default: return KubernetesUnavailable(message);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<KubernetesScaler>> KubernetesScaler::InCluster(const std::string& deployment, const std::string& account_folder) {
  COHORT_ASSIGN_OR_RETURN(KubernetesApi api, KubernetesApi::InCluster(account_folder, "--kubernetes-deployment"));
  std::string path = absl::StrCat("/apis/apps/v1/namespaces/", api.space(), "/deployments/", deployment, "/scale");
  return std::unique_ptr<KubernetesScaler>(new KubernetesScaler(std::move(api), std::move(path)));
}

absl::StatusOr<int> KubernetesScaler::Call(const std::string& method, const std::string& query, const std::string& body, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const HttpResponse response, api_.Call(method, path_ + query, body, deadline));
  if (response.code != 200) return ErrorOf(response);
  const auto scale = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json* spec = scale.is_object() && scale.contains("spec") ? &scale["spec"] : nullptr;
  if (spec == nullptr || !spec->is_object()) return KubernetesUnavailable(absl::StrCat("not a Scale: ", response.body.substr(0, 200)));
  const auto replicas = spec->find("replicas");
  return replicas != spec->end() && replicas->is_number_integer() ? replicas->get<int>() : 0;  // A zero is left out.
}

absl::StatusOr<std::optional<int>> KubernetesScaler::Wanted(absl::Time deadline) { return Call("GET", "", "", deadline); }

absl::Status KubernetesScaler::Scale(int replicas, bool validate_only, absl::Time deadline) {
  const nlohmann::json patch = {{"spec", {{"replicas", replicas}}}};
  return Call("PATCH", validate_only ? "?fieldManager=cohort-admin&dryRun=All" : "?fieldManager=cohort-admin", patch.dump(), deadline).status();
}

}  // namespace cohort::admin
