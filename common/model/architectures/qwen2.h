#pragma once

#include "common/model/architectures/architecture.h"

namespace cohort::model {

// Qwen2 and Qwen2.5: a bias on query, key and value.
extern const Architecture kQwen2;

}  // namespace cohort::model
