#include "services/rollout/engine/schedule/completions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"

namespace cohort::rollout {

bool Completions::Record(Sample& sample, int32_t token, float logprob, int64_t version) {
  Group& group = *sample.group;
  if (group.done() || sample.state == Sample::State::kEnded) return false;
  if (token < 0) {
    group.status = ErrorWithReason(absl::StatusCode::kInternal, "NON_FINITE", absl::StrCat("policy version ", version, " gave logits that are no numbers"));
    return false;
  }
  FinishedSample& completion = sample.completion;
  completion.tokens.push_back(token);
  completion.logprobs.push_back(logprob);
  completion.versions.push_back(version);
  ++tokens_;
  if (std::find(eos_token_ids_.begin(), eos_token_ids_.end(), token) != eos_token_ids_.end()) {
    completion.finish_reason = common::v1::FINISH_REASON_STOP;
  } else if (static_cast<int64_t>(completion.tokens.size()) >= group.most_tokens) {
    completion.finish_reason = common::v1::FINISH_REASON_LENGTH;
  }
  if (group.request.stream) streamed_.push_back({group.request.id, sample.index, token, logprob, version, completion.finish_reason});
  return completion.finish_reason != common::v1::FINISH_REASON_UNSPECIFIED;
}

void Completions::Finish(Group& group) {
  FinishedGroup finished{group.request.id, group.status, {}};
  for (Sample& sample : group.samples) finished.samples.push_back(std::move(sample.completion));
  finished_.push_back(std::move(finished));
}

}  // namespace cohort::rollout
