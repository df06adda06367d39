#pragma once

#include <cstdint>

#include "common/model/model_config.h"
#include "services/rollout/engine/cpu/aligned_buffer.h"

namespace cohort::rollout::cpu {

// Cosines and sines of the model's rotary position embedding for positions [0, positions); see model::Rotary.
class RopeTable {
 public:
  RopeTable(const model::ModelConfig& config, int64_t positions);

  const float* cosines(int64_t position) const { return cosines_.data() + position * half_; }
  const float* sines(int64_t position) const { return sines_.data() + position * half_; }
  int64_t half() const { return half_; }

 private:
  const int64_t half_;
  AlignedBuffer cosines_;
  AlignedBuffer sines_;
};

}  // namespace cohort::rollout::cpu
