#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/model/checkpoint.h"
#include "common/random/philox.h"

namespace cohort::learner {

// Sizes of a model for tests.
struct TinySizes {
  int64_t hidden = 32;
  int64_t inner = 48;
  int64_t layers = 2;
  int64_t heads = 4;
  int64_t kv_heads = 2;
  int64_t head_dim = 8;
  int64_t vocab = 40;
  bool tied = true;
  bool qk_norm = false;  // A Qwen3 instead of a Qwen2.
};

inline model::ModelConfig TinyConfig(const TinySizes& sizes) {
  model::ModelConfig config;
  config.architecture = sizes.qk_norm ? "Qwen3ForCausalLM" : "Qwen2ForCausalLM";
  config.qk_norm = sizes.qk_norm;
  config.qkv_bias = !sizes.qk_norm;
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.inner;
  config.num_layers = sizes.layers;
  config.num_heads = sizes.heads;
  config.num_kv_heads = sizes.kv_heads;
  config.head_dim = sizes.head_dim;
  config.vocab_size = sizes.vocab;
  config.max_positions = 512;
  config.tie_word_embeddings = sizes.tied;
  return config;
}

// A model with random weights: matrices of scale 1/sqrt(inputs), norms about 1, biases about 0, padding 0.
inline model::LoadedModel RandomModel(const TinySizes& sizes, uint64_t seed) {
  const model::ModelConfig config = TinyConfig(sizes);
  model::LoadedModel loaded{config, model::ArenaLayout::Create(config).value(), nullptr};
  loaded.weights = std::make_shared<model::Arena>(loaded.layout.size());
  random::Stream stream(seed, 1);
  for (const model::TensorSlot& slot : loaded.layout.slots()) {
    const bool matrix = slot.shape.size() == 2, norm = slot.name.find("norm") != std::string::npos;
    const double scale = matrix ? 1.7 / std::sqrt(static_cast<double>(slot.shape[1])) : 0.4;
    for (int64_t i = 0; i < slot.size(); ++i) {
      loaded.weights->floats()[slot.offset + i] = static_cast<float>((2 * stream.NextDouble() - 1) * scale + (norm ? 1 : 0));
    }
  }
  return loaded;
}

inline std::vector<int32_t> RandomTokens(random::Stream& stream, int64_t count, int64_t vocab) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(stream.NextBelow(static_cast<uint32_t>(vocab))));
  return tokens;
}

}  // namespace cohort::learner
