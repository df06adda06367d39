#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/model/checkpoint.h"

namespace cohort::learner {

// OK when a checkpoint may be written to `output`: it is absent, holds no weights, or is the architecture directory itself, whose weights are made
// again. ALREADY_EXISTS names the weights in the way.
absl::Status CheckOutput(const std::string& output, const std::string& architecture);

// Writes the checkpoint with the description of `architecture`. A directory that was not there appears as a whole; into one that was, the files are
// renamed one by one, weights last.
absl::Status WriteOutput(const std::string& output, const std::string& architecture, const model::LoadedModel& model);

}  // namespace cohort::learner
