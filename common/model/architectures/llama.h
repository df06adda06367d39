#pragma once

#include "common/model/architectures/architecture.h"

namespace cohort::model {

// Llama 3.x, and what else calls itself so: no biases, no norms of heads.
extern const Architecture kLlama;

}  // namespace cohort::model
