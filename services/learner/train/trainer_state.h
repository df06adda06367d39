#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/model/arena.h"
#include "services/learner/train/adamw.h"

namespace cohort::learner {

// Writes moments, update count and reference weights (null without a KL term) as one safetensors file and flushes it to disk. Errors name the path.
absl::Status WriteTrainerState(const std::string& path, const AdamW& optimizer, const model::Arena* reference);

// Reads them back. INVALID_ARGUMENT names the file and the tensor that is missing, left over or of another shape; optimizer and reference are then
// unchanged. NOT_FOUND when there is no such file.
absl::Status ReadTrainerState(const std::string& path, AdamW& optimizer, model::Arena* reference);

}  // namespace cohort::learner
