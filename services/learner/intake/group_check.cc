#include "services/learner/intake/group_check.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

// Log-probabilities are rounded sums; a hair above zero is no lie.
constexpr float kLogprobSlack = 1e-3f;

absl::Status CheckTokens(const learner::v1::Completion& completion, const GroupRules& rules) {
  const int64_t tokens = completion.token_ids_size();
  if (tokens < 1 || tokens > rules.max_new_tokens) {
    return absl::InvalidArgumentError(absl::StrCat("has ", tokens, " tokens; 1 to ", rules.max_new_tokens, " are allowed"));
  }
  for (const int32_t id : completion.token_ids()) {
    if (id < 0 || id >= rules.vocab_size) {
      return absl::InvalidArgumentError(absl::StrCat("has token id ", id, " outside the vocabulary of ", rules.vocab_size));
    }
  }
  if (completion.sampler_logprobs_size() != tokens) {
    return absl::InvalidArgumentError(absl::StrCat("has ", completion.sampler_logprobs_size(), " log-probabilities for ", tokens, " tokens"));
  }
  for (const float logprob : completion.sampler_logprobs()) {
    if (!std::isfinite(logprob) || logprob > kLogprobSlack) {
      return absl::InvalidArgumentError(absl::StrCat("has a log-probability of ", logprob));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckVersions(const learner::v1::Completion& completion) {
  int64_t covered = 0;
  int64_t newest = 0;
  for (const learner::v1::VersionSpan& span : completion.versions()) {
    if (span.token_count() < 1 || span.policy_version() < newest) {
      return absl::InvalidArgumentError("has version spans that are empty or go back");
    }
    newest = span.policy_version();
    covered += span.token_count();
  }
  if (covered == completion.token_ids_size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("has version spans over ", covered, " of ", completion.token_ids_size(), " tokens"));
}

absl::Status CheckCompletion(const learner::v1::Completion& completion, const GroupRules& rules) {
  COHORT_RETURN_IF_ERROR(CheckTokens(completion, rules));
  COHORT_RETURN_IF_ERROR(CheckVersions(completion));
  if (completion.finish_reason() != common::v1::FINISH_REASON_STOP && completion.finish_reason() != common::v1::FINISH_REASON_LENGTH) {
    return absl::InvalidArgumentError("is not finished");
  }
  if (completion.score().verdict() == reward::v1::VERDICT_UNSPECIFIED) return absl::InvalidArgumentError("has no verdict");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckGroupShape(const learner::v1::Group& group, const GroupRules& rules) {
  if (group.completions_size() != rules.group_size) {
    return absl::InvalidArgumentError(
        absl::StrCat(group.group_id(), " has ", group.completions_size(), " completions instead of ", rules.group_size));
  }
  for (int i = 0; i < group.completions_size(); ++i) {
    const absl::Status checked = CheckCompletion(group.completions(i), rules);
    if (!checked.ok()) return absl::InvalidArgumentError(absl::StrCat(group.group_id(), ": completion ", i, " ", checked.message()));
  }
  return absl::OkStatus();
}

absl::Status CheckGroupStaleness(const learner::v1::Group& group, const GroupRules& rules) {
  const int64_t oldest = std::max<int64_t>(0, group.step() - rules.max_staleness);
  for (const learner::v1::Completion& completion : group.completions()) {
    for (const learner::v1::VersionSpan& span : completion.versions()) {
      if (span.policy_version() >= oldest && span.policy_version() <= group.step()) continue;
      return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "STALE_POLICY",
                             absl::StrCat(group.group_id(), " has tokens of policy version ", span.policy_version(), "; step ", group.step(),
                                          " takes versions ", oldest, " to ", group.step()));
    }
  }
  return absl::OkStatus();
}

}  // namespace cohort::learner
