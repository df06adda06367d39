#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cohort::learner {

// A peak learning rate that holds from the update of one step on.
struct LearningRateChange {
  int64_t from_step = 0;
  double value = 0;
};

// What was changed while the run went on: RUN_DIRECTORY/control.json. Holds over restarts; a run without the file goes by its config alone.
struct ControlSettings {
  bool paused = false;
  std::string pause_reason;
  std::vector<LearningRateChange> learning_rates;  // Ascending steps.
  std::optional<int64_t> max_staleness;
  std::optional<int64_t> rollback_step;            // A rollback that was ordered and is not done yet.
};

// The settings in `path`; none when there is no such file. INVALID_ARGUMENT names the file and the key.
absl::StatusOr<ControlSettings> LoadControlSettings(const std::string& path);
// Replaces the file durably.
absl::Status SaveControlSettings(const ControlSettings& settings, const std::string& path);

// The peak learning rate of the update of `step`; `configured` where nothing was changed.
double LearningRateOf(const ControlSettings& settings, int64_t step, double configured);

// Adds a change; later ones, which have not had an effect yet, are replaced.
void ChangeLearningRate(ControlSettings& settings, LearningRateChange change);

}  // namespace cohort::learner
