#pragma once

#include <memory>
#include <string>
#include <utility>

#include "services/admin/scale/kubernetes_api.h"
#include "services/admin/scale/scaler.h"

namespace cohort::admin {

// Scales a Deployment through its scale subresource, as a pod's service account. The account needs the verbs get and patch on deployments/scale of that
// Deployment and nothing else.
//
// Errors: FAILED_PRECONDITION with reason SCALER_FORBIDDEN (the token or its Role does not allow it) or NO_DEPLOYMENT; UNAVAILABLE (reason
// KUBERNETES_UNAVAILABLE) when the API server cannot be reached or is overloaded.
class KubernetesScaler final : public Scaler {
 public:
  // Of the pod's own cluster and namespace. INVALID_ARGUMENT outside a pod or without an account in `account_folder`.
  static absl::StatusOr<std::unique_ptr<KubernetesScaler>> InCluster(const std::string& deployment, const std::string& account_folder);

  absl::Status Check(const std::vector<registry::v1::ServiceRecord>&) const override { return absl::OkStatus(); }
  absl::StatusOr<std::optional<int>> Wanted(absl::Time deadline) override;
  absl::Status Scale(int replicas, bool validate_only, absl::Time deadline) override;

 private:
  KubernetesScaler(KubernetesApi api, std::string path) : api_(std::move(api)), path_(std::move(path)) {}
  // The spec's replicas after the call.
  absl::StatusOr<int> Call(const std::string& method, const std::string& query, const std::string& body, absl::Time deadline);

  const KubernetesApi api_;
  const std::string path_;  // Of the scale subresource.
};

}  // namespace cohort::admin
