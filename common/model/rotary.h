#pragma once

#include <cstdint>
#include <vector>

#include "common/model/model_config.h"

namespace cohort::model {

// The rotary position embedding of a model (arXiv 2104.09864), with the scaling that its config.json asks for. Element c of a head and element
// c + head_dim/2 are a pair; at position p it is turned by the angle p · frequencies[c] and stretched by `stretch`. Everything is computed in the
// order and precision in which Hugging Face transformers does, with the same bits on every machine, so that learner and engines agree.
struct Rotary {
  explicit Rotary(const ModelConfig& config);

  // Writes rows of head_dim/2 stretched cosines and sines for positions [0, positions). The angle is a product in fp32.
  void FillTables(int64_t positions, float* cosines, float* sines) const;

  std::vector<float> frequencies;  // [head_dim/2], radians per position.
  float stretch = 1;
};

}  // namespace cohort::model
