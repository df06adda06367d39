#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "common/random/philox.h"
#include "services/rollout/engine/cpu/cpu_engine.h"
#include "tests/bench/engine/libtorch_decoder.h"

namespace cohort::bench {

// The quickstart model's shape, without an end-of-sequence token: every completion is as long as it may be.
inline model::ModelConfig TinyConfig() {
  const DecoderShape shape;
  model::ModelConfig config;
  config.architecture = "Qwen2ForCausalLM";
  config.hidden_size = shape.hidden;
  config.intermediate_size = shape.intermediate;
  config.num_layers = shape.layers;
  config.num_heads = shape.heads;
  config.num_kv_heads = shape.kv_heads;
  config.head_dim = shape.head_dim;
  config.vocab_size = shape.vocab;
  config.max_positions = 256;
  config.tie_word_embeddings = true;
  config.qkv_bias = true;
  return config;
}

// An engine with random weights.
inline std::unique_ptr<rollout::cpu::CpuEngine> MakeTinyEngine(const model::ModelConfig& config, const rollout::cpu::CpuEngineOptions& options) {
  const auto layout = *model::ArenaLayout::Create(config);
  auto weights = std::make_shared<model::Arena>(layout.size());
  random::Stream stream(1, 0);
  for (float& weight : weights->floats()) weight = static_cast<float>((2 * stream.NextDouble() - 1) * 0.15);
  auto engine = *rollout::cpu::CpuEngine::Create(config, layout, options);
  if (!engine->SetWeights(weights, 0).ok()) std::abort();
  return engine;
}

}  // namespace cohort::bench
