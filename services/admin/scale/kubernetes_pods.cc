#include "services/admin/scale/kubernetes_pods.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::admin {
namespace {

constexpr size_t kLongestName = 253;

bool IsLowerOrDigit(char c) { return absl::ascii_islower(static_cast<unsigned char>(c)) || absl::ascii_isdigit(static_cast<unsigned char>(c)); }

}  // namespace

bool IsPodName(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && IsLowerOrDigit(name.front()) && IsLowerOrDigit(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsLowerOrDigit(c) || c == '-' || c == '.'; });
}

absl::StatusOr<std::unique_ptr<KubernetesPods>> KubernetesPods::InCluster(const std::string& account_folder) {
  COHORT_ASSIGN_OR_RETURN(KubernetesApi api, KubernetesApi::InCluster(account_folder, "--kubernetes-pod-deletion-cost"));
  return std::unique_ptr<KubernetesPods>(new KubernetesPods(std::move(api)));
}

absl::Status KubernetesPods::Annotate(const std::string& pod, const std::string& key, const std::string& value, absl::Time deadline) {
  if (!IsPodName(pod)) return absl::NotFoundError(absl::StrCat("'", pod, "' is no name of a pod"));
  const nlohmann::json patch = {{"metadata", {{"annotations", {{key, value}}}}}};
  const std::string path = absl::StrCat("/api/v1/namespaces/", api_.space(), "/pods/", pod, "?fieldManager=cohort-admin");
  COHORT_ASSIGN_OR_RETURN(const HttpResponse response, api_.Call("PATCH", path, patch.dump(), deadline));
  const std::string message = MessageOfKubernetes(response);
  switch (response.code) {
    case 200: return absl::OkStatus();
    case 404: return absl::NotFoundError(message);
    case 401:
    case 403:
      return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "PODS_FORBIDDEN",
                             absl::StrCat("Kubernetes does not let the admin service annotate pods: ", message, "; its Role needs patch on pods"));
    case 429:
    case 500:
    case 503:
    case 504: return KubernetesUnavailable(message);
    default: return absl::InternalError(absl::StrCat("pod ", pod, ": ", message));
  }
}

}  // namespace cohort::admin
