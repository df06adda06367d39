#pragma once

#include <cstdint>

#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"

namespace cohort::learner {

// Random weights to train from: norms 1, biases 0, the embedding with standard deviation `embedding_std`, other matrices with 1/sqrt(inputs), output
// and down projections half of that. Every value is the scaled sum of twelve uniform numbers of a counter-based generator, a normal distribution for
// this purpose and exact in binary arithmetic: equal seeds give bit-equal weights on every machine.
void InitializeWeights(const model::ModelConfig& config, const model::ArenaLayout& layout, uint64_t seed, double embedding_std,
                       model::Arena& weights);

}  // namespace cohort::learner
