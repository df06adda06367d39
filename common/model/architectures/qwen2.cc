#include "common/model/architectures/qwen2.h"

#include "common/model/architectures/dense_decoder.h"

namespace cohort::model {
namespace {

void ReadConfig(JsonFields& fields, ModelConfig& config) {
  CheckDenseDecoder(fields);
  config.qkv_bias = true;
}

}  // namespace

const Architecture kQwen2 = {"Qwen2ForCausalLM", ReadConfig, LayOutDenseDecoder};

}  // namespace cohort::model
