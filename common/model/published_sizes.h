#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/model/model_config.h"

namespace cohort::model {

// The sizes of well-known models by name, for estimates and benchmarks without a checkpoint: what their config.json says, except for token ids and the
// scaling of rotary positions.
const std::vector<std::pair<std::string, ModelConfig>>& PublishedSizes();

// Those of the model that the last component of `path` names, as in models/Qwen2.5-7B or Qwen/Qwen2.5-7B-Instruct.
std::optional<ModelConfig> SizesByName(absl::string_view path);

}  // namespace cohort::model
