#pragma once

#include <cstdint>
#include <vector>

#include "common/model/checkpoint.h"

namespace cohort::golden {

// What Cohort computes with a model.

// Logits after each token, by the rollout worker's engine on the CPU.
std::vector<std::vector<float>> EngineLogits(const model::LoadedModel& model, const std::vector<int32_t>& tokens);

// The tokens that greedy decoding appends, by the same engine.
std::vector<int32_t> EngineGreedy(const model::LoadedModel& model, const std::vector<int32_t>& tokens, int new_tokens);

// Log-probability of each token after the first, by the learner's model.
std::vector<double> LearnerLogprobs(const model::LoadedModel& model, const std::vector<int32_t>& tokens);

}  // namespace cohort::golden
