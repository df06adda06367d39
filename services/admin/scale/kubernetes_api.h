#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/admin/http/http_call.h"

namespace cohort::admin {

// Where a pod finds its account's token, ca.crt and namespace.
inline constexpr char kServiceAccountFolder[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// The API server of the cluster that this pod runs in, asked as the pod's service account. Token and CA are read at each call, since Kubernetes renews
// them. Immutable, so thread-safe.
class KubernetesApi {
 public:
  // Takes the server's address from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. INVALID_ARGUMENT, which begins with `flag`, outside a pod or
  // without an account.
  static absl::StatusOr<KubernetesApi> InCluster(const std::string& account_folder, absl::string_view flag);

  // The namespace of the pod.
  const std::string& space() const { return space_; }

  // Asks for `path` ("/api/…", with its query). A body is a JSON merge patch. Whatever the server answers is OK, also 4xx and 5xx. UNAVAILABLE (reason
  // KUBERNETES_UNAVAILABLE): no answer, or no token to ask with.
  absl::StatusOr<HttpResponse> Call(const std::string& method, const std::string& path, const std::string& body, absl::Time deadline) const;

 private:
  KubernetesApi(std::string server, std::string space, std::string account_folder)
      : server_(std::move(server)), space_(std::move(space)), account_folder_(std::move(account_folder)) {}

  std::string server_;  // "https://HOST:PORT".
  std::string space_;
  std::string account_folder_;
};

// What the server's Status object says, or the beginning of what it is instead.
std::string MessageOfKubernetes(const HttpResponse& response);

// UNAVAILABLE, reason KUBERNETES_UNAVAILABLE, worth another try in a while.
absl::Status KubernetesUnavailable(absl::string_view message);

}  // namespace cohort::admin
