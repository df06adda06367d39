#pragma once

#include "common/model/architectures/architecture.h"

namespace cohort::model {

// Qwen3 (dense): RMSNorm on every query and key head, no biases, a head size of its own.
extern const Architecture kQwen3;

}  // namespace cohort::model
