#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/admin/cluster/cluster.h"
#include "services/admin/cluster/queue_rates.h"
#include "services/admin/cluster/status.h"

namespace cohort::admin {

// Finds out about the whole run. Only an unreachable Redis is an error (UNAVAILABLE, reason REDIS_UNAVAILABLE); what else cannot be found out is left out.
absl::StatusOr<ClusterFacts> GatherFacts(Cluster& cluster, QueueRates& queue, absl::Time deadline);

// The latest `count` step records of the run, or those from `from_step` on when that is not negative; `limit` at most. UNAVAILABLE (reason NO_LEARNER).
absl::StatusOr<std::vector<learner::v1::StepRecord>> ReadSteps(Cluster& cluster, int64_t from_step, int64_t limit, absl::Time deadline);

}  // namespace cohort::admin
