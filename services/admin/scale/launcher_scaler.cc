#include "services/admin/scale/launcher_scaler.h"

#include "common/status/errors.h"
#include "services/admin/cluster/errors.h"

namespace cohort::admin {

absl::Status LauncherScaler::Check(const std::vector<registry::v1::ServiceRecord>& services) const {
  for (const registry::v1::ServiceRecord& service : services) {
    if (service.role() == registry::v1::SERVICE_ROLE_LAUNCHER) return absl::OkStatus();
  }
  return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_SCALER",
                         "nothing in this run starts and stops workers when told to: `cohort run` does, and so does a Kubernetes Deployment when cohort-admin "
                         "has --kubernetes-deployment (the chart leaves that out when an autoscaler owns the number); else start and stop cohort-rollout yourself");
}

absl::StatusOr<std::optional<int>> LauncherScaler::Wanted(absl::Time deadline) {
  const absl::StatusOr<registry::DesiredCount> desired = desired_.Get(deadline);
  if (!desired.ok()) return OfRedis(desired.status());
  if (desired->revision == 0) return std::nullopt;  // Redis has lost its data, or nobody has asked yet.
  return desired->count;
}

absl::Status LauncherScaler::Scale(int replicas, bool validate_only, absl::Time deadline) {
  return validate_only ? absl::OkStatus() : OfRedis(desired_.Set(replicas, deadline).status());
}

}  // namespace cohort::admin
