#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/queue/prompt_queue.h"
#include "common/text/tokenizer.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout {

// The text of a completion: the end-of-sequence token and special tokens are left out.
absl::StatusOr<std::string> CompletionText(const text::Tokenizer& tokenizer, const FinishedSample& sample);

// What is handed in for a leased task, verdicts and times still missing.
absl::StatusOr<learner::v1::Group> MakeGroupMessage(const queue::Lease& lease, const std::string& worker_id, const FinishedGroup& group,
                                                    const text::Tokenizer& tokenizer);

}  // namespace cohort::rollout
