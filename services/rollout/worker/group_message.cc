#include "services/rollout/worker/group_message.h"

#include "common/status/status_macros.h"

namespace cohort::rollout {
namespace {

void AddVersions(const FinishedSample& sample, learner::v1::Completion& completion) {
  for (int64_t version : sample.versions) {
    if (completion.versions_size() == 0 || completion.versions().rbegin()->policy_version() != version) {
      completion.add_versions()->set_policy_version(version);
    }
    learner::v1::VersionSpan& span = *completion.mutable_versions()->rbegin();
    span.set_token_count(span.token_count() + 1);
  }
}

}  // namespace

absl::StatusOr<std::string> CompletionText(const text::Tokenizer& tokenizer, const FinishedSample& sample) {
  const bool ended = sample.finish_reason == common::v1::FINISH_REASON_STOP && !sample.tokens.empty();
  return tokenizer.Decode(absl::MakeConstSpan(sample.tokens).subspan(0, sample.tokens.size() - (ended ? 1 : 0)), /*skip_special_tokens=*/true);
}

absl::StatusOr<learner::v1::Group> MakeGroupMessage(const queue::Lease& lease, const std::string& worker_id, const FinishedGroup& group,
                                                    const text::Tokenizer& tokenizer) {
  learner::v1::Group message;
  message.set_group_id(lease.task.group_id());
  message.set_incarnation(lease.task.incarnation());
  message.set_step(lease.task.step());
  message.set_slot(lease.task.slot());
  message.set_row(lease.task.row());
  message.set_worker_id(worker_id);
  message.set_attempt(lease.attempt);
  for (const FinishedSample& sample : group.samples) {
    learner::v1::Completion& completion = *message.add_completions();
    completion.mutable_token_ids()->Add(sample.tokens.begin(), sample.tokens.end());
    completion.mutable_sampler_logprobs()->Add(sample.logprobs.begin(), sample.logprobs.end());
    AddVersions(sample, completion);
    completion.set_finish_reason(sample.finish_reason);
    COHORT_ASSIGN_OR_RETURN(*completion.mutable_text(), CompletionText(tokenizer, sample));
  }
  return message;
}

}  // namespace cohort::rollout
