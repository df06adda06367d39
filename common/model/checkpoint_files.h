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

// Writes model.safetensors, or, where the tensors have more than `largest_shard` bytes, model-00001-of-0000N.safetensors and so on in the given order
// and model.safetensors.index.json. Flushed to disk. Errors as of WriteSafetensors.
absl::Status WriteWeightFiles(const std::string& directory, const std::vector<TensorToWrite>& tensors, int64_t largest_shard);

// Copies what describes a model besides its weights (config.json, generation_config.json, the tokenizer's files) and flushes it to disk. config.json
// says afterwards that the weights are of type `dtype`.
absl::Status CopyDescription(const std::string& from, const std::string& to, DType dtype);

}  // namespace cohort::model
