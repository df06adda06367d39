#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/model/rotary_scaling.h"

namespace cohort::model {

// The sizes of one decoder-only transformer, read from a Hugging Face config.json.
struct ModelConfig {
  std::string architecture;  // "Qwen2ForCausalLM".
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;
  int64_t max_positions = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e4;
  RotaryScaling rotary_scaling;
  bool tie_word_embeddings = false;
  bool qkv_bias = false;  // Query, key and value have a bias.
  bool qk_norm = false;   // RMSNorm on each query and key head, before the rotation.
  int64_t bos_token_id = -1;           // -1: the model has none.
  std::vector<int64_t> eos_token_ids;  // From generation_config.json when it is there, else config.json.
};

// Tokens of prompt and completion where nobody asks for another number: the model's limit, but no more than 4,096.
int64_t DefaultContext(const ModelConfig& config);

// The context that sequences of up to `tokens` need: that many, but no more than the model has positions.
int64_t ContextFor(const ModelConfig& config, int64_t tokens);

// Reads `directory`/config.json. INVALID_ARGUMENT names the file, the field and what is supported.
absl::StatusOr<ModelConfig> LoadModelConfig(const std::string& directory);

}  // namespace cohort::model
