#pragma once

#include <vector>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "services/reward/check/check.h"
#include "services/reward/sandbox/lockdown.h"

namespace cohort::reward {

// What the pool says about itself, as cohort_reward_*. Thread-safe.
class PoolMetrics {
 public:
  explicit PoolMetrics(metrics::Registry& registry);

  // A completion got its outcome, from a worker or from a cache.
  void CountOutcome(const CheckOutcome& outcome);
  void ObserveCheck(const CheckOutcome& outcome);
  // A batch of `checks` was asked for.
  void ObserveBatch(size_t checks);
  void ObserveWait(absl::Duration in_queue);
  void SetSandbox(SandboxLevel level, int landlock_abi);

  metrics::Counter* cache_hits;
  metrics::Counter* cache_misses;
  metrics::Counter* poison_hits;
  metrics::Counter* hard_kills;     // SIGKILL at the deadline of a check.
  metrics::Counter* worker_deaths;  // Ends of a worker in the middle of its work for any other reason.
  metrics::Counter* respawns;       // Workers started after the first ones.
  metrics::Counter* retries;        // Checks given to another worker because theirs died.
  metrics::Counter* refused;        // Batches turned away because the queue was full.
  metrics::Counter* cancelled;      // Checks that nobody waited for any more.
  metrics::Gauge* queue_depth;
  metrics::Gauge* workers;

 private:
  metrics::Registry& registry_;
  std::vector<metrics::Counter*> verdicts_;  // Indexed by enumerator.
  std::vector<metrics::Counter*> methods_;
  std::vector<metrics::Counter*> formats_;
  metrics::Histogram* batch_checks_;
  metrics::Histogram* check_seconds_;
  metrics::Histogram* wait_seconds_;
  metrics::Histogram* think_bytes_;
  metrics::Histogram* answer_bytes_;
  metrics::Counter* several_boxes_;  // Completions in which a box corrects or continues another.
  metrics::Counter* fuel_stops_;     // Checks that stopped at the soft limit.
};

}  // namespace cohort::reward
