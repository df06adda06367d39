#include "services/admin/scale/pod_deletion_costs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cohort::admin {
namespace {

constexpr char kAnnotation[] = "controller.kubernetes.io/pod-deletion-cost";
constexpr int kBusy = 10;

}  // namespace

int PodDeletionCost(const registry::v1::WorkerLoad& load) {
  // A group in the engine belongs to a lease; a worker that lost its lease still samples.
  int held = std::max(load.leases(), load.active_groups());
  if (held <= 0) return 0;
  int cost = kBusy;
  for (; held > 0; held /= 2) ++cost;
  return cost;
}

absl::Status PodDeletionCosts::Update(const std::vector<registry::v1::ServiceRecord>& services, absl::Time deadline) {
  std::map<std::string, int> written;
  absl::Status first;
  for (const registry::v1::ServiceRecord& service : services) {
    if (service.role() != registry::v1::SERVICE_ROLE_ROLLOUT) continue;
    const int cost = PodDeletionCost(service.load());
    const auto before = written_.find(service.name());
    if (before != written_.end()) written.insert(*before);
    if (absl::IsUnavailable(first) || (before != written_.end() && before->second == cost)) continue;
    const absl::Status annotated = pods_->Annotate(service.name(), kAnnotation, absl::StrCat(cost), deadline);
    if (annotated.ok() || absl::IsNotFound(annotated)) {
      written[service.name()] = cost;
    } else if (first.ok() || absl::IsUnavailable(annotated)) {
      first = annotated;
    }
  }
  written_ = std::move(written);
  return first;
}

}  // namespace cohort::admin
