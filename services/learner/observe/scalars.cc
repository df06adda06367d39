#include "services/learner/observe/scalars.h"

namespace cohort::learner {

std::vector<Scalar> StepScalars(const learner::v1::StepRecord& r) {
  return {
      {"reward", r.reward_mean()},
      {"reward_std", r.reward_std()},
      {"frac_reward_zero_std", r.zero_std_groups()},
      {"rewards/accuracy/mean", r.accuracy()},
      {"rewards/format/mean", r.format()},
      {"completions/mean_length", r.length_mean()},
      {"completions/max_length", static_cast<double>(r.length_max())},
      {"completions/clipped_ratio", r.truncated()},
      {"completions/self_check", r.self_check()},
      {"kl", r.kl()},
      {"entropy", r.entropy()},
      {"loss", r.loss()},
      {"grad_norm", r.grad_norm()},
      {"learning_rate", r.learning_rate()},
      {"clip_ratio/region_mean", r.clip_fraction()},
      {"sampling/sampling_logp_difference/mean", r.logprob_diff_mean()},
      {"sampling/sampling_logp_difference/max", r.logprob_diff_max()},
      {"sampling/importance_sampling_ratio/mean", r.importance_mean()},
      {"async/staleness_mean", r.staleness_mean()},
      {"async/staleness_max", static_cast<double>(r.staleness_max())},
      {"async/duplicate_groups", static_cast<double>(r.duplicates())},
      {"async/stale_rejected_groups", static_cast<double>(r.stale_rejected())},
      {"reward/masked_samples", static_cast<double>(r.masked_samples())},
      {"reward/num_zero_variance_filtered", static_cast<double>(r.dropped_groups())},
      {"num_tokens", static_cast<double>(r.tokens())},
      {"perf/throughput", r.tokens_per_second()},
      {"perf/time_per_step", r.step_seconds()},
      {"timing_s/wait", r.wait_seconds()},
      {"timing_s/update_actor", r.update_seconds()},
      {"timing_s/param_sync", r.publish_seconds()},
      {"timing_s/checkpoint", r.checkpoint_seconds()},
      {"timing_s/gen", r.generate_seconds()},
      {"timing_s/reward", r.reward_seconds()},
  };
}

BinnedHistogram LengthHistogram(const learner::v1::StepRecord& record, int64_t max_new_tokens) {
  BinnedHistogram histogram;
  histogram.tag = "completions/length";
  histogram.high = static_cast<double>(max_new_tokens);
  histogram.counts.assign(record.length_histogram().begin(), record.length_histogram().end());
  return histogram;
}

}  // namespace cohort::learner
