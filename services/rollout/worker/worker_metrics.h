#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/metrics/time_budget.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout {

// What became of a leased group.
enum class Outcome {
  kSubmitted,  // Accepted by the learner.
  kDuplicate,  // The learner had it already, or its step is over.
  kStale,      // Refused: sampled from weights the learner does not accept.
  kLost,       // The lease went to another worker.
  kBuried,     // Cannot be done; stands among the dead letters.
  kReleased,   // Given back because this worker stops.
  kDropped,    // Belongs to an earlier learner.
  kFailed,     // Was in the engine when that failed; the lease runs out.
};

// The worker's metrics. Thread-safe, except ReportEngine.
class WorkerMetrics {
 public:
  explicit WorkerMetrics(metrics::Registry& registry);

  void CountGroup(Outcome outcome);
  void CountLease() { leased_->Add(); }
  // A finished group was handed to the learner, with every retry.
  void ObservePush(absl::Duration took);
  // A policy version has arrived.
  void ObserveWeights(int64_t bytes, absl::Duration took);
  void SetPolicyVersion(int64_t version);
  // After every decode step. Called by one thread.
  void ReportEngine(const EngineLoad& load, absl::Time now);

  // Everything that this process exports.
  metrics::Registry& registry() { return registry_; }
  // Where the engine loop's time goes.
  metrics::TimeBudget& budget() { return budget_; }

 private:
  metrics::Registry& registry_;
  metrics::TimeBudget budget_;
  metrics::Counter* tokens_;
  metrics::Counter* preemptions_;
  metrics::Gauge* tokens_per_second_;
  metrics::Gauge* sequences_;
  metrics::Gauge* policy_version_;
  metrics::Counter* leased_;
  metrics::Counter* weight_bytes_;
  metrics::Histogram* weight_seconds_;
  metrics::Histogram* push_seconds_;
  int64_t reported_tokens_ = 0;
  int64_t reported_preemptions_ = 0;
  int64_t window_tokens_ = 0;    // Tokens at the begin of the window over which tokens/s are taken.
  absl::Time window_begin_;
};

}  // namespace cohort::rollout
