#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace cohort::learner {

// Where a run stands: what trainer_state.json of a checkpoint says.
struct RunState {
  std::string run;
  int64_t step = 0;               // Steps done; the run goes on with this step. Equal to the policy version.
  int64_t incarnation = 0;        // Of the learner that wrote it.
  double elapsed_seconds = 0;     // Training time over all incarnations.
  std::string fingerprint;        // Of the config.
  double reward_mean = 0;         // Mean training reward since the checkpoint before; decides which one is the best.
};

std::string ToJson(const RunState& state);
// INVALID_ARGUMENT names `path` and the key.
absl::StatusOr<RunState> ParseRunState(const std::string& json, const std::string& path);

}  // namespace cohort::learner
