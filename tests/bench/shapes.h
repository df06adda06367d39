#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/model/model_config.h"

namespace cohort::bench {

// Sizes of a Qwen2, or without biases of a Llama; without an end token, so that every completion is as long as it may be.
inline model::ModelConfig Shape(int64_t hidden, int64_t inner, int64_t layers, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t vocab, bool tied,
                                bool bias) {
  model::ModelConfig config;
  config.architecture = "Qwen2ForCausalLM";
  config.hidden_size = hidden;
  config.intermediate_size = inner;
  config.num_layers = layers;
  config.num_heads = heads;
  config.num_kv_heads = kv_heads;
  config.head_dim = head_dim;
  config.vocab_size = vocab;
  config.max_positions = 32768;
  config.rope_theta = 1e6;
  config.tie_word_embeddings = tied;
  config.qkv_bias = bias;
  return config;
}

// The shapes that figures are compared on.
inline const std::vector<std::pair<std::string, model::ModelConfig>>& KnownShapes() {
  static const auto& models = *new std::vector<std::pair<std::string, model::ModelConfig>>{
      {"Qwen2.5-0.5B", Shape(896, 4864, 24, 14, 2, 64, 151936, true, true)},
      {"Qwen2.5-1.5B", Shape(1536, 8960, 28, 12, 2, 128, 151936, true, true)},
      {"Qwen2.5-7B", Shape(3584, 18944, 28, 28, 4, 128, 152064, false, true)},
      {"Llama-3.1-8B", Shape(4096, 14336, 32, 32, 8, 128, 128256, false, false)},
  };
  return models;
}

// What a benchmark's arguments ask for: names of shapes, all of them when `usual` and the arguments name none; and numbers behind the flags of `numbers`.
inline std::vector<std::pair<std::string, model::ModelConfig>> ChosenShapes(int argc, char** argv, const std::map<std::string, int*>& numbers,
                                                                            std::vector<std::string> usual = {}) {
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const auto it = numbers.find(argv[i]);
    if (it == numbers.end()) {
      wanted.push_back(argv[i]);
    } else if (++i < argc) {
      *it->second = std::atoi(argv[i]);
    }
  }
  if (wanted.empty()) wanted = std::move(usual);
  std::vector<std::pair<std::string, model::ModelConfig>> chosen;
  for (const auto& shape : KnownShapes()) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), shape.first) != wanted.end()) chosen.push_back(shape);
  }
  return chosen;
}

}  // namespace cohort::bench
