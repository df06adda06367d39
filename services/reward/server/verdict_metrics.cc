#include "services/reward/server/verdict_metrics.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace cohort::reward {

VerdictMetrics::VerdictMetrics(metrics::Registry& registry)
    : registry_(registry),
      bad_golds_(registry.GetCounter("cohort_reward_gold_failures_total", "Reference answers that could not be parsed when a data set was loaded.")) {}

void VerdictMetrics::Count(const google::protobuf::RepeatedPtrField<v1::ScoreResult>& results) {
  std::map<std::pair<const std::string*, v1::Verdict>, int> counts;  // Neighbours mostly share their policy; their strings differ as objects only.
  const std::string* policy = nullptr;
  for (const v1::ScoreResult& result : results) {
    if (policy == nullptr || *policy != result.policy_id()) policy = &result.policy_id();
    ++counts[{policy, result.verdict()}];
  }
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, count] : counts) CounterOf(*key.first, key.second)->Add(count);
}

void VerdictMetrics::CountBadGolds(int count) { bad_golds_->Add(count); }

metrics::Counter* VerdictMetrics::CounterOf(const std::string& policy_id, v1::Verdict verdict) {
  const bool named = policies_.count(policy_id) > 0 || policies_.size() < kMaxPolicies;
  const std::string policy = named ? policy_id : "other";
  metrics::Counter*& counter = policies_[policy][verdict];
  if (counter == nullptr) {
    const std::string name = absl::AsciiStrToLower(absl::StripPrefix(v1::Verdict_Name(verdict), "VERDICT_"));
    counter = registry_.GetCounter("cohort_reward_policy_verdicts_total", "Completions by policy and verdict.", {{"policy", policy}, {"verdict", name}});
  }
  return counter;
}

}  // namespace cohort::reward
