#pragma once

#include <memory>
#include <string>

#include "services/admin/scale/scaler.h"

namespace cohort::admin {

// Scales a Deployment through its scale subresource, as a pod's service account. The account needs the verbs get and patch on deployments/scale of that
// Deployment and nothing else. Token and CA are read at each call, since Kubernetes renews them.
//
// Errors: FAILED_PRECONDITION with reason SCALER_FORBIDDEN (the token or its Role does not allow it) or NO_DEPLOYMENT; UNAVAILABLE (reason
// KUBERNETES_UNAVAILABLE) when the API server cannot be reached or is overloaded.
class KubernetesScaler final : public Scaler {
 public:
  struct Options {
    std::string deployment;
    // Where the account's token, ca.crt and namespace lie.
    std::string account_folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  };
  // Takes the API server's address from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. INVALID_ARGUMENT outside a pod or without an account.
  static absl::StatusOr<std::unique_ptr<KubernetesScaler>> InCluster(Options options);

  absl::Status Check(const std::vector<registry::v1::ServiceRecord>&) const override { return absl::OkStatus(); }
  absl::StatusOr<std::optional<int>> Wanted(absl::Time deadline) override;
  absl::Status Scale(int replicas, bool validate_only, absl::Time deadline) override;

 private:
  KubernetesScaler(Options options, std::string url) : options_(std::move(options)), url_(std::move(url)) {}
  // The spec's replicas after the call.
  absl::StatusOr<int> Call(const std::string& method, const std::string& query, const std::string& body, absl::Time deadline);

  const Options options_;
  const std::string url_;  // Of the scale subresource.
};

}  // namespace cohort::admin
