#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/io/files.h"
#include "common/model/checkpoint.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/unit/services/learner/train/tiny_model.h"

namespace cohort::learner {

// Writes `model` as a Hugging Face directory without a tokenizer.
inline absl::Status WriteTinyCheckpoint(const std::string& directory, const model::LoadedModel& model) {
  const model::ModelConfig& config = model.config;
  nlohmann::json json = {{"architectures", {config.architecture}},
                         {"model_type", "qwen2"},
                         {"hidden_size", config.hidden_size},
                         {"intermediate_size", config.intermediate_size},
                         {"num_hidden_layers", config.num_layers},
                         {"num_attention_heads", config.num_heads},
                         {"num_key_value_heads", config.num_kv_heads},
                         {"head_dim", config.head_dim},
                         {"vocab_size", config.vocab_size},
                         {"max_position_embeddings", config.max_positions},
                         {"rms_norm_eps", config.rms_norm_eps},
                         {"rope_theta", config.rope_theta},
                         {"tie_word_embeddings", config.tie_word_embeddings},
                         {"hidden_act", "silu"},
                         {"bos_token_id", 0},
                         {"eos_token_id", 1}};
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(directory));
  COHORT_RETURN_IF_ERROR(io::WriteFileDurably(directory + "/config.json", json.dump(2)));
  return model::SaveCheckpoint(directory, directory, model.config, model.layout, *model.weights);
}

}  // namespace cohort::learner
