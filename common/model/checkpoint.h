#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"

namespace cohort::model {

// A model in memory: its sizes, where its weights lie, and the weights.
struct LoadedModel {
  ModelConfig config;
  ArenaLayout layout;
  std::shared_ptr<Arena> weights;
};

// Loads a Hugging Face checkpoint directory (config.json and *.safetensors, sharded or not; F32, BF16 and F16 sources widen to fp32). Nothing is
// loaded unless every tensor is there, whole, of the right shape, and none is left over: INVALID_ARGUMENT names file, tensor and remedy. When the
// directory has a manifest.json, its checksums are verified first. NOT_FOUND when there is no such directory, no config.json or no weights.
absl::StatusOr<LoadedModel> LoadCheckpoint(const std::string& directory);

// Writes config.json, generation_config.json and the tokenizer files (copied from `source_directory`) and model.safetensors (fp32, Hugging Face
// names) into `directory`, which exists. Files are flushed to disk; the caller makes the whole directory appear at once. RESOURCE_EXHAUSTED (disk
// full) and others name the file; INVALID_ARGUMENT when the source's config.json describes another model than `config`.
absl::Status SaveCheckpoint(const std::string& directory, const std::string& source_directory, const ModelConfig& config, const ArenaLayout& layout,
                            const Arena& weights);

}  // namespace cohort::model
