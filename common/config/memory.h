#pragma once

#include <vector>

#include "common/config/config.h"
#include "common/model/memory_needs.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::config {

// What decides how much of a GPU's memory a learner takes: `reference` when the loss has a KL term, `may_go_back` when a step has several minibatches,
// `broadcasts` when weights are handed out from the GPU, `longest_sequence` in tokens, since a pass has one whole sequence at least.
model::TrainingShape TrainingShapeOf(const v1::OptimizerSection& optimizer, bool reference, bool may_go_back, bool broadcasts, int64_t longest_sequence);

// What a run needs of the memory of GPUs, for people, from the config and the model's config.json alone (while that is not there, from the
// published sizes of the model of that name): of the learner and of a rollout worker, where they (may) compute on one, and of a GPU that they share. Empty when both compute on processors; says so when the model's sizes cannot be read.
std::vector<DerivedQuantity> DeriveMemory(const v1::RunConfig& config);

}  // namespace cohort::config
