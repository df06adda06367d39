#include "services/learner/observe/step_metrics.h"

#include "absl/time/clock.h"

namespace cohort::learner {
namespace {

metrics::Counter* Refused(metrics::Registry& registry, const std::string& reason) {
  return registry.GetCounter("cohort_learner_groups_refused_total", "Groups that the intake refused, by reason.", {{"reason", reason}});
}

}  // namespace

StepMetrics::StepMetrics(metrics::Registry& r)
    : steps_(r.GetCounter("cohort_learner_steps_total", "Steps finished by this process.")),
      tokens_(r.GetCounter("cohort_learner_tokens_trained_total", "Completion tokens trained on.")),
      samples_(r.GetCounter("cohort_learner_samples_trained_total", "Completions trained on.")),
      masked_(r.GetCounter("cohort_learner_samples_masked_total", "Completions left out because they could not be scored.")),
      issued_(r.GetCounter("cohort_learner_tasks_issued_total", "Tasks put into the queue.")),
      reissued_(r.GetCounter("cohort_learner_tasks_reissued_total", "Tasks put into the queue again because it had lost them.")),
      dead_(r.GetCounter("cohort_learner_tasks_dead_total", "Slots given up because their task is a dead letter.")),
      accepted_(r.GetCounter("cohort_learner_groups_accepted_total", "Groups accepted and journalled.")),
      duplicates_(Refused(r, "duplicate")),
      stale_(Refused(r, "stale_policy")),
      other_incarnation_(Refused(r, "other_incarnation")),
      unknown_slot_(Refused(r, "unknown_slot")),
      malformed_(Refused(r, "malformed")),
      checkpoints_(r.GetCounter("cohort_learner_checkpoints_total", "Checkpoints written.")),
      checkpoint_failures_(r.GetCounter("cohort_learner_checkpoint_failures_total", "Checkpoints that could not be written.")),
      checkpoint_time_(r.GetGauge("cohort_learner_checkpoint_last_success_timestamp_seconds", "When the newest checkpoint was finished.")),
      checkpoint_bytes_(r.GetGauge("cohort_learner_checkpoint_bytes", "Size of the newest checkpoint.")),
      open_slots_(r.GetGauge("cohort_learner_open_slots", "Slots that lack a group.")),
      policy_version_(r.GetGauge("cohort_learner_policy_version", "Latest published policy version.")),
      broadcast_members_(r.GetGauge("cohort_learner_broadcast_members", "Workers that take part in broadcasts of weights.")),
      broadcast_seconds_(r.GetGauge("cohort_learner_broadcast_seconds", "How long the last broadcast of weights took.")),
      broadcast_failures_(r.GetGauge("cohort_learner_broadcast_failures", "Communicators of broadcasts that failed in this incarnation.")),
      reward_(r.GetGauge("cohort_learner_reward_mean", "Mean scalar reward of the last step.")),
      accuracy_(r.GetGauge("cohort_learner_accuracy_ratio", "Share of correct answers in the last step.")),
      format_(r.GetGauge("cohort_learner_format_ratio", "Share of completions with the right format in the last step.")),
      length_(r.GetGauge("cohort_learner_completion_length_tokens", "Mean completion length of the last step.")),
      kl_(r.GetGauge("cohort_learner_kl_nats", "KL to the reference in the last step, token mean.")),
      entropy_(r.GetGauge("cohort_learner_entropy_nats", "Entropy per token in the last step.")),
      grad_norm_(r.GetGauge("cohort_learner_grad_norm", "Gradient norm before clipping in the last step.")),
      clip_(r.GetGauge("cohort_learner_clip_ratio", "Share of clipped tokens in the last step.")),
      mismatch_(r.GetGauge("cohort_learner_logprob_difference_nats", "Mean |sampler - learner| log-probability in the last step.")),
      step_seconds_(r.GetHistogram("cohort_learner_step_seconds", "Wall time of a step.", metrics::DecadeBuckets(0.01, 1000))),
      checkpoint_seconds_(r.GetHistogram("cohort_learner_checkpoint_seconds", "Time to write a checkpoint.", metrics::DecadeBuckets(0.01, 1000))),
      staleness_(r.GetHistogram("cohort_learner_staleness_versions", "Mean staleness of a step's tokens.", {0, 0.5, 1, 2, 4, 8, 16, 32, 64})) {}

void StepMetrics::ObserveStep(const learner::v1::StepRecord& record) {
  steps_->Add();
  tokens_->Add(static_cast<double>(record.tokens()));
  samples_->Add(static_cast<double>(record.samples()));
  masked_->Add(static_cast<double>(record.masked_samples()));
  reward_->Set(record.reward_mean());
  accuracy_->Set(record.accuracy());
  format_->Set(record.format());
  length_->Set(record.length_mean());
  kl_->Set(record.kl());
  entropy_->Set(record.entropy());
  grad_norm_->Set(record.grad_norm());
  clip_->Set(record.clip_fraction());
  mismatch_->Set(record.logprob_diff_mean());
  step_seconds_->Observe(record.step_seconds());
  staleness_->Observe(record.staleness_mean());
}

void StepMetrics::ObserveCheckpoint(double seconds, bool ok, double bytes) {
  checkpoint_seconds_->Observe(seconds);
  (ok ? checkpoints_ : checkpoint_failures_)->Add();
  if (!ok) return;
  checkpoint_time_->Set(absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()));
  checkpoint_bytes_->Set(bytes);
}

void StepMetrics::ObserveIntake(const IntakeCounts& before, const IntakeCounts& now) {
  accepted_->Add(static_cast<double>(now.accepted - before.accepted));
  duplicates_->Add(static_cast<double>(now.duplicates - before.duplicates));
  stale_->Add(static_cast<double>(now.stale - before.stale));
  other_incarnation_->Add(static_cast<double>(now.other_incarnation - before.other_incarnation));
  unknown_slot_->Add(static_cast<double>(now.unknown_slot - before.unknown_slot));
  malformed_->Add(static_cast<double>(now.malformed - before.malformed));
}

}  // namespace cohort::learner
