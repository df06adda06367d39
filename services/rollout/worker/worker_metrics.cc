#include "services/rollout/worker/worker_metrics.h"

#include "absl/time/clock.h"

namespace cohort::rollout {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(1);

const char* NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSubmitted: return "submitted";
    case Outcome::kDuplicate: return "duplicate";
    case Outcome::kStale: return "stale";
    case Outcome::kLost: return "lost";
    case Outcome::kBuried: return "buried";
    case Outcome::kReleased: return "released";
    case Outcome::kDropped: return "dropped";
    case Outcome::kFailed: return "failed";
  }
  return "";
}

}  // namespace

WorkerMetrics::WorkerMetrics(metrics::Registry& registry)
    : registry_(registry),
      budget_("waiting_for_weights", &registry, "cohort_rollout_time_seconds_total"),
      tokens_(registry.GetCounter("cohort_rollout_tokens_total", "Tokens sampled.")),
      preemptions_(registry.GetCounter("cohort_rollout_preemptions_total", "Samples that gave up keys and values to older ones and were continued later.")),
      tokens_per_second_(registry.GetGauge("cohort_rollout_tokens_per_second", "Tokens sampled per second, over the last second that sampled any.")),
      sequences_(registry.GetGauge("cohort_rollout_batch_sequences", "Sequences in the decode batch.")),
      policy_version_(registry.GetGauge("cohort_rollout_policy_version", "Policy version in use, -1 before the first.")),
      leased_(registry.GetCounter("cohort_rollout_groups_leased_total", "Groups leased from the queue.")),
      weight_bytes_(registry.GetCounter("cohort_rollout_weight_sync_bytes_total", "Bytes of policy versions that arrived.")),
      weight_seconds_(registry.GetHistogram("cohort_rollout_weight_sync_seconds", "Time for a policy version to come, by whatever way, and to be checked.", metrics::DecadeBuckets(0.001, 100))),
      push_seconds_(registry.GetHistogram("cohort_rollout_push_seconds", "Time to hand a finished group to the learner.", metrics::DecadeBuckets(0.001, 100))),
      window_begin_(absl::Now()) {
  policy_version_->Set(-1);
  for (Outcome outcome : {Outcome::kSubmitted, Outcome::kDuplicate, Outcome::kStale, Outcome::kLost, Outcome::kBuried, Outcome::kReleased,
                          Outcome::kDropped, Outcome::kFailed}) {
    registry_.GetCounter("cohort_rollout_groups_total", "Leased groups by what became of them.", {{"outcome", NameOf(outcome)}});
  }
}

void WorkerMetrics::CountGroup(Outcome outcome) {
  registry_.GetCounter("cohort_rollout_groups_total", "Leased groups by what became of them.", {{"outcome", NameOf(outcome)}})->Add();
}

void WorkerMetrics::ObservePush(absl::Duration took) { push_seconds_->Observe(absl::ToDoubleSeconds(took)); }

void WorkerMetrics::ObserveWeights(int64_t bytes, absl::Duration took) {
  weight_bytes_->Add(static_cast<double>(bytes));
  weight_seconds_->Observe(absl::ToDoubleSeconds(took));
}

void WorkerMetrics::SetPolicyVersion(int64_t version) { policy_version_->Set(static_cast<double>(version)); }

void WorkerMetrics::ReportEngine(const EngineLoad& load, absl::Time now) {
  const int64_t tokens = load.tokens;
  if (tokens > reported_tokens_) tokens_->Add(static_cast<double>(tokens - reported_tokens_));
  reported_tokens_ = tokens;
  if (load.preemptions > reported_preemptions_) preemptions_->Add(static_cast<double>(load.preemptions - reported_preemptions_));
  reported_preemptions_ = load.preemptions;
  sequences_->Set(load.sequences);
  if (now - window_begin_ < kWindow) return;
  tokens_per_second_->Set(static_cast<double>(tokens - window_tokens_) / absl::ToDoubleSeconds(now - window_begin_));
  window_begin_ = now;
  window_tokens_ = tokens;
}

}  // namespace cohort::rollout
