#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// What every group of a run must look like.
struct GroupRules {
  int64_t group_size = 0;
  int64_t max_new_tokens = 0;
  int64_t vocab_size = 0;
  int64_t max_staleness = 0;
};

// INVALID_ARGUMENT names the completion and what is malformed: a wrong number of completions, no or too many tokens, ids outside the vocabulary,
// log-probabilities that are missing, not finite or positive, version spans that do not add up, an unfinished completion, a missing verdict.
absl::Status CheckGroupShape(const learner::v1::Group& group, const GroupRules& rules);

// FAILED_PRECONDITION (reason STALE_POLICY) when a token was sampled by a version older than step - max_staleness, or newer than the step.
absl::Status CheckGroupStaleness(const learner::v1::Group& group, const GroupRules& rules);

}  // namespace cohort::learner
