#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/model/arena.h"
#include "services/learner/train/adamw.h"

namespace cohort::learner {

// Everything besides the weights that the next update depends on, in the host's memory.
struct TrainerState {
  model::Arena first_moments, second_moments;
  int64_t updates = 0;
  std::unique_ptr<const model::Arena> reference;  // Null without a KL term.
};

// All that a trainer goes on from, in the host's memory; later updates do not change it.
struct TrainerSnapshot {
  std::shared_ptr<const model::Arena> weights;  // fp32.
  TrainerState state;
};

// Writes the state as one safetensors file and flushes that to disk. Errors name the path.
absl::Status WriteTrainerState(const std::string& path, const TrainerState& state);

// Reads them back. INVALID_ARGUMENT names the file and the tensor that is missing, left over or of another shape; optimizer and reference are then
// unchanged. NOT_FOUND when there is no such file.
absl::Status ReadTrainerState(const std::string& path, AdamW& optimizer, model::Arena* reference);

}  // namespace cohort::learner
