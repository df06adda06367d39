#pragma once

#include "common/model/architectures/architecture.h"

namespace cohort::model {

// Qwen2 and Qwen2.5: RMSNorm, rotary positions, grouped-query attention with a bias on query, key and value, SwiGLU.
extern const Architecture kQwen2;

}  // namespace cohort::model
