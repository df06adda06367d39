#include "services/admin/cluster/overview.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/status/status_macros.h"

namespace cohort::admin {
namespace {

// Steps that rates and means are taken over.
constexpr int64_t kRecentSteps = 20;

void AskLearner(Cluster& cluster, const ServiceRecord& learner, absl::Time deadline, ClusterFacts& facts) {
  absl::StatusOr<learner::v1::GetRunResponse> run = cluster.Run(learner, deadline);
  if (!run.ok()) {
    facts.learner_error = std::string(run.status().message());
    return;
  }
  facts.run = *std::move(run);
  if (auto control = cluster.Control(learner, deadline); control.ok()) facts.control = *std::move(control);
  const int64_t done = facts.run->steps_done();
  if (auto steps = cluster.Steps(learner, std::max<int64_t>(0, done - kRecentSteps), done, deadline); steps.ok()) facts.steps = *std::move(steps);
}

}  // namespace

absl::StatusOr<ClusterFacts> GatherFacts(Cluster& cluster, QueueRates& queue, absl::Time deadline) {
  ClusterFacts facts;
  facts.run_id = cluster.run();
  facts.now_ms = absl::ToUnixMillis(absl::Now());
  COHORT_ASSIGN_OR_RETURN(facts.services, cluster.Services(deadline));
  if (auto state = queue.Now(deadline); state.ok()) facts.queue = *std::move(state);
  const absl::StatusOr<int64_t> last = cluster.registry().LastEvent(deadline);
  if (last.ok()) facts.last_event = *last;
  if (cluster.scaler().Check(facts.services).ok()) {
    const absl::StatusOr<std::optional<int>> wanted = cluster.scaler().Wanted(std::min(deadline, absl::Now() + kScalerPatience));
    if (wanted.ok() && wanted->has_value()) facts.desired_workers = **wanted;
  }
  facts.learner_error = "no learner is in the registry";
  for (const ServiceRecord& service : facts.services) {
    if (service.role() != registry::v1::SERVICE_ROLE_LEARNER) continue;
    facts.learner_error.clear();
    AskLearner(cluster, service, std::min(deadline, absl::Now() + kLearnerPatience), facts);
  }
  return facts;
}

absl::StatusOr<std::vector<learner::v1::StepRecord>> ReadSteps(Cluster& cluster, int64_t from_step, int64_t limit, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, cluster.Learner(deadline));
  COHORT_ASSIGN_OR_RETURN(const learner::v1::GetRunResponse run, cluster.Run(learner, deadline));
  const int64_t begin = from_step >= 0 ? from_step : std::max<int64_t>(0, run.steps_done() + from_step);
  return cluster.Steps(learner, begin, std::min(run.steps_done(), begin + limit), deadline);
}

}  // namespace cohort::admin
