#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/cohort/reward/v1/reward_service.pb.h"
#include "proto/cohort/rollout/v1/rollout_service.pb.h"

namespace cohort::cli {

// One whole completion.
struct SampledCompletion {
  int prompt = 0;
  int sample = 0;
  std::string text;
  int64_t tokens = 0;
  common::v1::FinishReason finish_reason = common::v1::FINISH_REASON_UNSPECIFIED;
};

// Completions of one request, ordered by prompt, then sample. Repeats the call (equal requests give equal tokens) while the worker is unreachable, until
// `deadline`.
absl::StatusOr<std::vector<SampledCompletion>> Sample(const std::string& address, const rollout::v1::GenerateRequest& request, absl::Time deadline,
                                                      const std::function<bool()>& cancelled);

// Verdicts in the order of the items; split into batches the service takes, repeated while it is unreachable, until `deadline`.
absl::StatusOr<std::vector<reward::v1::ScoreResult>> Grade(const std::string& address, const std::vector<reward::v1::ScoreItem>& items,
                                                           absl::Time deadline, const std::function<bool()>& cancelled);

// `prompt_template` with every {prompt} replaced.
std::string FillTemplate(const std::string& prompt_template, const std::string& prompt);

}  // namespace cohort::cli
