#pragma once

#include "common/model/architectures/architecture.h"

namespace cohort::model {

// The decoder that Llama, Qwen2 and Qwen3 have in common: RMSNorm, rotary positions, grouped-query attention, SwiGLU. They differ in qkv_bias and
// qk_norm of their config.

// Refuses what no family here computes: another activation, a sliding window, biases beside those of query, key and value.
void CheckDenseDecoder(JsonFields& fields);

void LayOutDenseDecoder(const ModelConfig& config, LayoutBuilder& builder);

}  // namespace cohort::model
