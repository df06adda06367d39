#include "services/reward/sandbox/pool_metrics.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace cohort::reward {
namespace {

// "VERDICT_NO_ANSWER" -> "no_answer"
std::string Label(const std::string& enumerator, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(enumerator, prefix));
}

}  // namespace

PoolMetrics::PoolMetrics(metrics::Registry& registry) : registry_(registry) {
  cache_hits = registry.GetCounter("cohort_reward_cache_hits_total", "Checks answered from the result cache.");
  cache_misses = registry.GetCounter("cohort_reward_cache_misses_total", "Checks that had to run.");
  poison_hits = registry.GetCounter("cohort_reward_poison_hits_total", "Checks answered without running because an equal one had ended a worker.");
  hard_kills = registry.GetCounter("cohort_reward_hard_kills_total", "Workers killed because a check passed its deadline.");
  worker_deaths = registry.GetCounter("cohort_reward_worker_deaths_total", "Workers that died during a check, kills at the deadline excluded.");
  respawns = registry.GetCounter("cohort_reward_worker_respawns_total", "Workers started in the place of another one.");
  retries = registry.GetCounter("cohort_reward_retries_total", "Checks repeated because their worker died.");
  refused = registry.GetCounter("cohort_reward_refused_batches_total", "Batches refused because the queue was full.");
  cancelled = registry.GetCounter("cohort_reward_cancelled_checks_total", "Checks dropped because their caller went away.");
  queue_depth = registry.GetGauge("cohort_reward_queue_depth_checks", "Checks that wait for a worker.");
  workers = registry.GetGauge("cohort_reward_workers", "Sandboxed worker processes.");
  for (int i = 0; i < v1::Verdict_ARRAYSIZE; ++i) {
    const metrics::Labels labels{{"verdict", Label(v1::Verdict_Name(i), "VERDICT_")}};
    verdicts_.push_back(registry.GetCounter("cohort_reward_checks_total", "Completions by verdict.", labels));
  }
  for (int i = 0; i < v1::Method_ARRAYSIZE; ++i) {
    const metrics::Labels labels{{"method", Label(v1::Method_Name(i), "METHOD_")}};
    methods_.push_back(registry.GetCounter("cohort_reward_methods_total", "Completions by the rule that decided.", labels));
  }
  for (int i = 0; i < v1::FormatReason_ARRAYSIZE; ++i) {
    const metrics::Labels labels{{"reason", Label(v1::FormatReason_Name(i), "FORMAT_REASON_")}};
    formats_.push_back(registry.GetCounter("cohort_reward_formats_total", "Completions by the result of the format check.", labels));
  }
  batch_checks_ = registry.GetHistogram("cohort_reward_batch_checks", "Checks of a batch, as callers ask.", {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024});
  check_seconds_ = registry.GetHistogram("cohort_reward_check_seconds", "Time of a check in its worker.", metrics::DecadeBuckets(1e-6, 1.0));
  wait_seconds_ = registry.GetHistogram("cohort_reward_queue_seconds", "Time a check waited for a worker.", metrics::DecadeBuckets(1e-6, 10.0));
  think_bytes_ = registry.GetHistogram("cohort_reward_think_bytes", "Length of the reasoning of completions of the right format.",
                                       metrics::DecadeBuckets(1, 1e6));
  answer_bytes_ = registry.GetHistogram("cohort_reward_answer_bytes", "Length of the answers that were found.", metrics::DecadeBuckets(1, 1e3));
  several_boxes_ = registry.GetCounter("cohort_reward_several_boxes_total", "Completions whose answer's place holds more than one box.");
  fuel_stops_ = registry.GetCounter("cohort_reward_fuel_stops_total", "Checks that ended themselves at the soft limit.");
}

void PoolMetrics::CountOutcome(const CheckOutcome& outcome) {
  verdicts_[outcome.verdict]->Add();
  methods_[outcome.method]->Add();
  formats_[outcome.format_reason]->Add();
  if (outcome.think_bytes > 0) think_bytes_->Observe(outcome.think_bytes);
  if (outcome.answer_end > outcome.answer_begin) answer_bytes_->Observe(outcome.answer_end - outcome.answer_begin);
  if (outcome.boxes > 1) several_boxes_->Add();
}

void PoolMetrics::ObserveCheck(const CheckOutcome& outcome) {
  check_seconds_->Observe(outcome.micros * 1e-6);
  if (outcome.verdict == v1::VERDICT_TIMEOUT) fuel_stops_->Add();
}

void PoolMetrics::ObserveBatch(size_t checks) { batch_checks_->Observe(static_cast<double>(checks)); }
void PoolMetrics::ObserveWait(absl::Duration in_queue) { wait_seconds_->Observe(absl::ToDoubleSeconds(in_queue)); }

void PoolMetrics::SetSandbox(SandboxLevel level, int landlock_abi) {
  registry_.GetGauge("cohort_reward_sandbox_level", "2 full, 1 without Landlock, 0 relaxed (sanitizer build).")->Set(static_cast<int>(level));
  registry_.GetGauge("cohort_reward_landlock_abi", "Landlock ABI in force; 0 without Landlock.")->Set(landlock_abi);
}

}  // namespace cohort::reward
