#include "services/reward/server/verdict_metrics.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace cohort::reward {
namespace {

constexpr char kOther[] = "other";

// Verdicts of one batch by a name. Neighbours mostly share theirs; their strings differ as objects only, so that hardly any are compared with more than the one before.
class Tally {
 public:
  void Add(const std::string& name, v1::Verdict verdict) {
    if (name_ == nullptr || *name_ != name) name_ = &name;
    ++counts_[{name_, verdict}];
  }
  void AddTo(NamedVerdicts& verdicts) const {
    for (const auto& [key, count] : counts_) verdicts.Add(*key.first, key.second, count);
  }

 private:
  const std::string* name_ = nullptr;
  std::map<std::pair<const std::string*, v1::Verdict>, int> counts_;
};

}  // namespace

void NamedVerdicts::Add(const std::string& name, v1::Verdict verdict, int count) {
  const bool named = counters_.count(name) > 0 || (counters_.size() < kMaxNames && name.size() <= kMaxNameBytes);
  const std::string& shown = named ? name : kOther;
  metrics::Counter*& counter = counters_[shown][verdict];
  if (counter == nullptr) {
    const std::string verdict_name = absl::AsciiStrToLower(absl::StripPrefix(v1::Verdict_Name(verdict), "VERDICT_"));
    counter = registry_.GetCounter(metric_, help_, {{label_, shown}, {"verdict", verdict_name}});
  }
  counter->Add(count);
}

VerdictMetrics::VerdictMetrics(metrics::Registry& registry)
    : bad_golds_(registry.GetCounter("cohort_reward_gold_failures_total", "Reference answers that could not be parsed when a data set was loaded.")),
      policies_(registry, "cohort_reward_policy_verdicts_total", "Completions by policy and verdict.", "policy"),
      sources_(registry, "cohort_reward_source_verdicts_total", "Completions by the data set of their prompt and verdict.", "source") {}

void VerdictMetrics::Count(const google::protobuf::RepeatedPtrField<v1::ScoreItem>& items,
                           const google::protobuf::RepeatedPtrField<v1::ScoreResult>& results) {
  static const std::string unnamed = "unnamed";
  Tally policies, sources;
  for (int i = 0; i < results.size(); ++i) {
    policies.Add(results[i].policy_id(), results[i].verdict());
    sources.Add(items[i].source().empty() ? unnamed : items[i].source(), results[i].verdict());
  }
  absl::MutexLock lock(&mutex_);
  policies.AddTo(policies_);
  sources.AddTo(sources_);
}

void VerdictMetrics::CountBadGolds(int count) { bad_golds_->Add(count); }

}  // namespace cohort::reward
