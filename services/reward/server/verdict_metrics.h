#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "common/metrics/metrics.h"

namespace cohort::reward {

// Counters by a name that clients choose and by verdict. At most kMaxNames names of at most kMaxNameBytes get a label of their own, first come, first served; further ones count
// as "other", so that no client can fill the memory of a scraper. Not thread-safe.
class NamedVerdicts {
 public:
  static constexpr size_t kMaxNames = 64;
  static constexpr size_t kMaxNameBytes = 64;

  // `metric`{label, verdict}.
  NamedVerdicts(metrics::Registry& registry, std::string metric, std::string help, std::string label)
      : registry_(registry), metric_(std::move(metric)), help_(std::move(help)), label_(std::move(label)) {}

  // `name` is not empty.
  void Add(const std::string& name, v1::Verdict verdict, int count);

 private:
  metrics::Registry& registry_;
  const std::string metric_;
  const std::string help_;
  const std::string label_;
  std::map<std::string, std::map<v1::Verdict, metrics::Counter*>> counters_;
};

// Counts what was answered, by policy: cohort_reward_policy_verdicts_total{policy,verdict}, by the data set of the prompt:
// cohort_reward_source_verdicts_total{source,verdict}, and the reference answers that could not be parsed. Thread-safe.
class VerdictMetrics {
 public:
  explicit VerdictMetrics(metrics::Registry& registry);

  // One result per item, in order.
  void Count(const google::protobuf::RepeatedPtrField<v1::ScoreItem>& items, const google::protobuf::RepeatedPtrField<v1::ScoreResult>& results)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void CountBadGolds(int count);

 private:
  metrics::Counter* const bad_golds_;
  absl::Mutex mutex_;
  NamedVerdicts policies_ ABSL_GUARDED_BY(mutex_);
  NamedVerdicts sources_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cohort::reward
