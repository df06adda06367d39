#pragma once

#include <cstdint>

#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// One optimizer update: minibatch `minibatch` of `minibatches` in step `step`, all counted from 0.
struct UpdatePosition {
  int64_t step = 0;
  int64_t minibatch = 0;
  int64_t minibatches = 1;
};

// Learning rate of one update in a run of `total_steps`. During the warm-up it grows linearly, so that the last update of step warmup_steps - 1 has
// the peak; then it stays, or falls to final_ratio of the peak at total_steps (half a cosine, or a line), and stays there in a prolonged run.
double LearningRate(const config::v1::OptimizerSection& optimizer, const UpdatePosition& position, int64_t total_steps);

}  // namespace cohort::learner
