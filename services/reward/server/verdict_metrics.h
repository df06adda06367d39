#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "common/metrics/metrics.h"

namespace cohort::reward {

// Counts what was answered, by policy: cohort_reward_policy_verdicts_total{policy,verdict}, and the reference answers that could not be parsed. The number of
// policies that get a name is bounded; further ones are "other". Thread-safe.
class VerdictMetrics {
 public:
  static constexpr size_t kMaxPolicies = 64;

  explicit VerdictMetrics(metrics::Registry& registry);

  void Count(const google::protobuf::RepeatedPtrField<v1::ScoreResult>& results) ABSL_LOCKS_EXCLUDED(mutex_);
  void CountBadGolds(int count);

 private:
  using Counters = std::map<v1::Verdict, metrics::Counter*>;

  metrics::Counter* CounterOf(const std::string& policy_id, v1::Verdict verdict) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  metrics::Registry& registry_;
  metrics::Counter* const bad_golds_;
  absl::Mutex mutex_;
  std::map<std::string, Counters> policies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cohort::reward
