#include "tests/unit/common/model/tiny_model.h"

#include "common/io/files.h"
#include "common/random/philox.h"
#include "common/testing/status_matchers.h"

namespace cohort::model {

nlohmann::ordered_json TinyConfigJson(bool tied) {
  return {{"architectures", {"Qwen2ForCausalLM"}},
          {"model_type", "qwen2"},
          {"hidden_act", "silu"},
          {"hidden_size", 8},
          {"intermediate_size", 12},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"vocab_size", 11},
          {"max_position_embeddings", 64},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 1e4},
          {"tie_word_embeddings", tied},
          {"torch_dtype", "float32"},
          {"bos_token_id", 1},
          {"eos_token_id", 2}};
}

TinyCheckpoint::TinyCheckpoint(bool tied) {
  EXPECT_OK(io::WriteFileAtomically(File("config.json"), TinyConfigJson(tied).dump(2)));
  EXPECT_OK(io::WriteFileAtomically(File("tokenizer.json"), "{}"));
  auto config = LoadModelConfig(path());
  EXPECT_OK(config);
  model_.config = *config;
  model_.layout = *ArenaLayout::Create(model_.config);
  model_.weights = std::make_shared<Arena>(model_.layout.size());
  random::Stream random(7, 0);
  for (const TensorSlot& slot : model_.layout.slots()) {
    for (float& value : model_.weights->floats().subspan(slot.offset, slot.size())) value = static_cast<float>(random.NextDouble() - 0.5);
  }
  EXPECT_OK(SaveCheckpoint(path(), path(), model_.config, model_.layout, *model_.weights));
}

void TinyCheckpoint::SetConfig(const std::string& field, const nlohmann::ordered_json& value) {
  auto config = nlohmann::ordered_json::parse(*io::ReadFile(File("config.json")));
  if (value.is_null()) {
    config.erase(field);
  } else {
    config[field] = value;
  }
  EXPECT_OK(io::WriteFileAtomically(File("config.json"), config.dump(2)));
}

}  // namespace cohort::model
