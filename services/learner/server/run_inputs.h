#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/data/prompts.h"
#include "common/model/checkpoint.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/checkpoint/run_directory.h"
#include "services/learner/server/learner_options.h"

namespace cohort::learner {

// Everything a run reads before it begins.
struct RunInputs {
  config::v1::RunConfig config;
  model::LoadedModel model;    // The initial policy.
  data::PromptSet data;        // The training prompts, tokenised.
  RunIdentity identity;
};

// Loads and checks config, model, tokenizer and data; nothing is written. INVALID_ARGUMENT and NOT_FOUND name file, place and remedy.
absl::StatusOr<RunInputs> LoadRunInputs(const LearnerOptions& options);

// Logs what the config means: derived quantities, seed, sizes.
void LogRunInputs(const RunInputs& inputs);

}  // namespace cohort::learner
