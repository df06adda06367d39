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

// Loads a Hugging Face checkpoint directory (config.json and *.safetensors, sharded or not; fp32, bf16 and fp16 sources) into an arena of type `dtype`,
// straight from the mapped files. Nothing is loaded unless every tensor is there, whole, of the right shape, and none is left over: INVALID_ARGUMENT
// names file, tensor and remedy. When the directory has a manifest.json, its checksums are verified first. NOT_FOUND when there is no such directory,
// no config.json or no weights.
absl::StatusOr<LoadedModel> LoadCheckpoint(const std::string& directory, DType dtype = DType::kFloat32);

inline constexpr int64_t kLargestShard = 5'000'000'000;  // Bytes of tensors in one file, unless a single tensor is larger.

// Writes config.json, generation_config.json and the tokenizer files (copied from `source_directory`) and the weights, in the arena's type under their
// Hugging Face names, into `directory`, which exists: model.safetensors, or shards of at most `largest_shard` bytes and their index where one file
// does not hold them. Files are flushed to disk; the caller makes the whole directory appear at once. RESOURCE_EXHAUSTED (disk full) and others name
// the file; INVALID_ARGUMENT when the source's config.json describes another model than `config`.
absl::Status SaveCheckpoint(const std::string& directory, const std::string& source_directory, const ModelConfig& config, const ArenaLayout& layout,
                            const Arena& weights, int64_t largest_shard = kLargestShard);

}  // namespace cohort::model
