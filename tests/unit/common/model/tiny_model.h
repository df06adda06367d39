#pragma once

#include <string>

#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/checkpoint.h"
#include "common/model/model_config.h"
#include "common/testing/temp_dir.h"
#include "nlohmann/json.hpp"

namespace cohort::model {

// The config.json of a Qwen2 of two layers and some hundred parameters.
nlohmann::ordered_json TinyConfigJson(bool tied);

// A whole checkpoint directory of that model with random weights, written by SaveCheckpoint; tests damage it.
class TinyCheckpoint {
 public:
  explicit TinyCheckpoint(bool tied = true);

  const std::string& path() const { return directory_.path(); }
  std::string File(const std::string& name) const { return directory_ / name; }
  std::string Weights() const { return File("model.safetensors"); }
  const LoadedModel& model() const { return model_; }

  // Changes one field of config.json; null removes it.
  void SetConfig(const std::string& field, const nlohmann::ordered_json& value);

 private:
  testing::TempDir directory_;
  LoadedModel model_;
};

}  // namespace cohort::model
