#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/safetensors.h"

namespace cohort::model {

// All weight files of a checkpoint, open, and their tensors by name.
struct WeightFiles {
  struct Tensor {
    std::string file;  // Path of the file that holds it, for messages.
    const TensorView* view = nullptr;
  };
  std::string source;  // model.safetensors or the index, for messages about what is not there.
  std::vector<SafetensorsFile> files;
  std::map<std::string, Tensor> tensors;
};

// Opens model.safetensors, or every shard that model.safetensors.index.json names. INVALID_ARGUMENT for shards that contradict the index; NOT_FOUND,
// with the remedy, when the directory has no weights in this format.
absl::StatusOr<WeightFiles> OpenWeightFiles(const std::string& directory);

// Copies what describes a model besides its weights (config.json, generation_config.json, the tokenizer's files) and flushes it to disk. In
// config.json the dtype becomes float32, which is what SaveCheckpoint writes.
absl::Status CopyDescription(const std::string& from, const std::string& to);

}  // namespace cohort::model
