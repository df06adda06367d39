#include "common/model/architectures/qwen3.h"

#include "common/model/architectures/dense_decoder.h"

namespace cohort::model {
namespace {

void ReadConfig(JsonFields& fields, ModelConfig& config) {
  CheckDenseDecoder(fields);
  config.qk_norm = true;
  config.head_dim = fields.Size("head_dim", 4096, 128);  // Not hidden_size / num_attention_heads.
}

}  // namespace

const Architecture kQwen3 = {"Qwen3ForCausalLM", ReadConfig, LayOutDenseDecoder};

}  // namespace cohort::model
