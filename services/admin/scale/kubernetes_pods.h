#pragma once

#include <memory>
#include <string>
#include <utility>

#include "services/admin/scale/kubernetes_api.h"
#include "services/admin/scale/pod_deletion_costs.h"

namespace cohort::admin {

// Annotates pods of the pod's own namespace, as its service account, which needs the verb patch on pods.
//
// Errors besides those of PodAnnotator: FAILED_PRECONDITION (reason PODS_FORBIDDEN) when the Role does not allow it; UNAVAILABLE has the reason
// KUBERNETES_UNAVAILABLE. A name that cannot be a pod's is NOT_FOUND and asked of nobody: names come from the registry, whoever wrote it.
class KubernetesPods final : public PodAnnotator {
 public:
  // INVALID_ARGUMENT outside a pod or without an account in `account_folder`.
  static absl::StatusOr<std::unique_ptr<KubernetesPods>> InCluster(const std::string& account_folder);

  absl::Status Annotate(const std::string& pod, const std::string& key, const std::string& value, absl::Time deadline) override;

 private:
  explicit KubernetesPods(KubernetesApi api) : api_(std::move(api)) {}

  const KubernetesApi api_;
};

// Whether Kubernetes could have a pod of that name: lower-case letters, digits, '-' and '.', with a letter or digit at both ends, 253 at most.
bool IsPodName(const std::string& name);

}  // namespace cohort::admin
