#include "services/admin/scale/deletion_cost_loop.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cohort::admin {

DeletionCostLoop::DeletionCostLoop(Cluster& cluster, std::unique_ptr<PodAnnotator> pods, absl::Duration period)
    : cluster_(cluster), period_(period), costs_(std::move(pods)), thread_("deletion-costs", [this] { Loop(); }) {}

DeletionCostLoop::~DeletionCostLoop() {
  stop_.RequestStop();
  thread_.Join();
}

void DeletionCostLoop::Loop() {
  bool fails = false;
  do {
    const absl::Status updated = Update();
    if (!updated.ok() && !fails) COHORT_LOG(WARNING) << "the deletion costs of the workers' pods are not up to date: " << updated.message();
    if (updated.ok() && fails) COHORT_LOG(INFO) << "the deletion costs of the workers' pods are up to date again";
    fails = !updated.ok();
  } while (!stop_.token().WaitFor(period_));
}

absl::Status DeletionCostLoop::Update() {
  const absl::Time deadline = absl::Now() + period_;
  COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, cluster_.Services(deadline));
  return costs_.Update(services, deadline);
}

}  // namespace cohort::admin
