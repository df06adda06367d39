#include "common/model/architectures/llama.h"

#include "common/model/architectures/dense_decoder.h"

namespace cohort::model {
namespace {

void ReadConfig(JsonFields& fields, ModelConfig&) {
  CheckDenseDecoder(fields);
}

}  // namespace

const Architecture kLlama = {"LlamaForCausalLM", ReadConfig, LayOutDenseDecoder};

}  // namespace cohort::model
