#include "common/model/checkpoint.h"

#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/model/checkpoint_files.h"
#include "common/model/manifest.h"
#include "common/model/safetensors.h"
#include "common/status/status_macros.h"

namespace cohort::model {
namespace {

// Where one Hugging Face tensor goes.
struct Target {
  absl::Span<char> bytes;
  std::vector<int64_t> shape;
};

// The arena's places by Hugging Face name.
std::map<std::string, Target> TargetsOf(const ArenaLayout& layout, Arena& arena) {
  std::map<std::string, Target> targets;
  const int64_t width = SizeOf(arena.dtype());
  for (const TensorSlot& slot : layout.slots()) {
    int64_t offset = slot.offset;
    for (const auto& part : slot.parts) {
      Target target;
      target.shape = slot.shape;
      target.shape[0] = part.rows;
      int64_t size = 1;
      for (const int64_t extent : target.shape) size *= extent;
      target.bytes = arena.bytes().subspan(offset * width, size * width);
      offset += size;
      targets.emplace(part.hf_name, std::move(target));
    }
  }
  return targets;
}

// Tensors of old checkpoints that are computed, not learnt.
bool IsComputed(const std::string& name) { return absl::EndsWith(name, ".rotary_emb.inv_freq"); }

// A head beside tied embeddings is harmless when it is the same matrix, as some tools write it, and a contradiction otherwise.
absl::Status CheckTiedHead(const WeightFiles& files, const std::string& embedding_name) {
  const auto head = files.tensors.find("lm_head.weight");
  const auto embedding = files.tensors.find(embedding_name);
  if (head == files.tensors.end() || embedding == files.tensors.end()) return absl::OkStatus();
  const TensorView &a = *head->second.view, &b = *embedding->second.view;
  if (a.dtype == b.dtype && a.bytes.size() == b.bytes.size() && std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      head->second.file, ": tensor 'lm_head.weight' differs from '", embedding_name,
      "' although config.json says tie_word_embeddings: true; set it to false to keep both, or delete lm_head.weight to share the embedding"));
}

absl::Status CheckNames(const WeightFiles& files, const std::map<std::string, Target>& targets, bool tied) {
  std::string missing, extra, place;
  int missing_count = 0, extra_count = 0;
  for (const auto& [name, target] : targets) {
    if (!files.tensors.contains(name) && missing_count++ == 0) missing = name;
  }
  for (const auto& [name, tensor] : files.tensors) {
    if (targets.contains(name) || IsComputed(name) || (tied && name == "lm_head.weight")) continue;
    if (extra_count++ == 0) extra = name, place = tensor.file;
  }
  const auto others = [](int count) { return count > 1 ? absl::StrCat(" (and ", count - 1, " more)") : ""; };
  if (missing_count > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.source, ": tensor '", missing, "'", others(missing_count),
                     " is missing; the file does not belong to this config.json, or is incomplete: fetch the checkpoint again"));
  }
  if (extra_count > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": tensor '", extra, "'", others(extra_count),
                     " has no place in the model that config.json describes; fetch config.json and weights from the same model"));
  }
  return absl::OkStatus();
}

absl::Status CopyTensors(const WeightFiles& files, DType dtype, const std::map<std::string, Target>& targets) {
  for (const auto& [name, target] : targets) {
    const auto& tensor = files.tensors.at(name);
    const std::string place = absl::StrCat(tensor.file, ": tensor '", name, "' ");
    if (tensor.view->shape != target.shape) {
      return absl::InvalidArgumentError(absl::StrCat(place, "has the shape ", ShapeText(tensor.view->shape), " where config.json asks for ",
                                                     ShapeText(target.shape), "; fetch config.json and weights from the same model"));
    }
    if (const absl::Status copied = CopyConverted(*tensor.view, dtype, target.bytes); !copied.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, copied.message()));
    }
  }
  return absl::OkStatus();
}

// The arena's tensors under their Hugging Face names.
std::vector<TensorToWrite> TensorsOf(const ArenaLayout& layout, const Arena& weights) {
  std::vector<TensorToWrite> tensors;
  const int64_t width = SizeOf(weights.dtype());
  for (const TensorSlot& slot : layout.slots()) {
    int64_t offset = slot.offset;
    for (const auto& part : slot.parts) {
      std::vector<int64_t> shape = slot.shape;
      shape[0] = part.rows;
      const int64_t size = part.rows * (slot.size() / slot.shape[0]);
      tensors.emplace_back(part.hf_name, std::move(shape), weights.dtype(), weights.bytes().subspan(offset * width, size * width));
      offset += size;
    }
  }
  return tensors;
}

bool HasSameSizes(const ModelConfig& a, const ModelConfig& b) {
  const auto sizes = [](const ModelConfig& config) {
    return std::tie(config.architecture, config.hidden_size, config.intermediate_size, config.num_layers, config.num_heads, config.num_kv_heads,
                    config.head_dim, config.vocab_size, config.tie_word_embeddings);
  };
  return sizes(a) == sizes(b);
}

}  // namespace

absl::StatusOr<LoadedModel> LoadCheckpoint(const std::string& directory, DType dtype) {
  std::error_code ignored;
  if (std::filesystem::exists(absl::StrCat(directory, "/", kManifestName), ignored)) COHORT_RETURN_IF_ERROR(VerifyManifest(directory));
  LoadedModel model;
  COHORT_ASSIGN_OR_RETURN(model.config, LoadModelConfig(directory));
  COHORT_ASSIGN_OR_RETURN(model.layout, ArenaLayout::Create(model.config));
  COHORT_ASSIGN_OR_RETURN(const WeightFiles files, OpenWeightFiles(directory));
  model.weights = std::make_shared<Arena>(model.layout.size(), dtype);
  const auto targets = TargetsOf(model.layout, *model.weights);
  COHORT_RETURN_IF_ERROR(CheckNames(files, targets, model.config.tie_word_embeddings));
  if (model.config.tie_word_embeddings) {
    COHORT_RETURN_IF_ERROR(CheckTiedHead(files, model.layout.slot(model.layout.embedding()).parts.front().hf_name));
  }
  COHORT_RETURN_IF_ERROR(CopyTensors(files, dtype, targets));
  return model;
}

absl::Status SaveCheckpoint(const std::string& directory, const std::string& source_directory, const ModelConfig& config, const ArenaLayout& layout,
                            const Arena& weights, int64_t largest_shard) {
  if (weights.size() != layout.size()) {
    return absl::InvalidArgumentError(absl::StrCat(directory, ": ", weights.size(), " weights do not fit a layout of ", layout.size()));
  }
  COHORT_RETURN_IF_ERROR(CopyDescription(source_directory, directory, weights.dtype()));
  COHORT_ASSIGN_OR_RETURN(const ModelConfig described, LoadModelConfig(directory));
  if (!HasSameSizes(described, config)) {
    return absl::InvalidArgumentError(absl::StrCat(source_directory, "/config.json: describes another model than the one to save in ", directory));
  }
  COHORT_RETURN_IF_ERROR(WriteWeightFiles(directory, TensorsOf(layout, weights), largest_shard));
  return io::SyncDirectory(directory);
}

}  // namespace cohort::model
