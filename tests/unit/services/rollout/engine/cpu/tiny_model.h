#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "common/random/philox.h"

namespace cohort::rollout::testing {

// The quickstart model's shape.
inline model::ModelConfig TinyConfig() {
  model::ModelConfig config;
  config.architecture = "Qwen2ForCausalLM";
  config.hidden_size = 128;
  config.intermediate_size = 352;
  config.num_layers = 4;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 32;
  config.vocab_size = 40;
  config.max_positions = 256;
  config.tie_word_embeddings = true;
  config.qkv_bias = true;
  config.eos_token_ids = {2};
  return config;
}

// Sizes that are multiples of nothing, seven query heads for each key/value head, an own lm_head.
inline model::ModelConfig OddConfig() {
  model::ModelConfig config = TinyConfig();
  config.hidden_size = 72;
  config.intermediate_size = 50;
  config.num_layers = 2;
  config.num_heads = 7;
  config.num_kv_heads = 1;
  config.head_dim = 20;
  config.vocab_size = 53;
  config.tie_word_embeddings = false;
  return config;
}

// Norms on the heads, which are wider together than the residual stream, no biases.
inline model::ModelConfig HeadNormConfig() {
  model::ModelConfig config = OddConfig();
  config.architecture = "Qwen3ForCausalLM";
  config.qkv_bias = false;
  config.qk_norm = true;
  return config;
}

// A model with random weights, norms near one.
struct TestModel {
  model::ModelConfig config;
  model::ArenaLayout layout;
  std::shared_ptr<model::Arena> weights;
};

inline std::shared_ptr<model::Arena> RandomWeights(const model::ArenaLayout& layout, uint64_t seed) {
  auto arena = std::make_shared<model::Arena>(layout.size());
  random::Stream stream(seed, 0);
  for (const model::TensorSlot& slot : layout.slots()) {
    const bool norm = slot.name.find("norm") != std::string::npos;
    // Larger than at initialisation, so that attention and sampling have something to choose between.
    const double scale = slot.shape.size() == 1 ? 0.1 : 1.5 / std::sqrt(static_cast<double>(slot.shape[1]));
    for (int64_t i = 0; i < slot.size(); ++i) {
      arena->floats()[slot.offset + i] = static_cast<float>((norm ? 1.0 : 0.0) + scale * std::sqrt(3.0) * (2 * stream.NextDouble() - 1));
    }
  }
  return arena;
}

inline TestModel MakeModel(const model::ModelConfig& config, uint64_t seed = 1) {
  TestModel model{config, *model::ArenaLayout::Create(config), nullptr};
  model.weights = RandomWeights(model.layout, seed);
  return model;
}

}  // namespace cohort::rollout::testing
