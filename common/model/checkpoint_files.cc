#include "common/model/checkpoint_files.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/io/files.h"
#include "common/model/json_fields.h"
#include "common/status/status_macros.h"

namespace cohort::model {
namespace {

namespace fs = std::filesystem;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

absl::Status NoWeights(const std::string& directory) {
  const bool pickled = Exists(directory + "/pytorch_model.bin") || Exists(directory + "/pytorch_model.bin.index.json");
  const char* remedy = pickled ? "; convert pytorch_model.bin to safetensors (transformers: save_pretrained)"
                               : "; fetch the weights, or make them with `cohort pretrain`";
  return absl::NotFoundError(absl::StrCat(directory, ": there is neither model.safetensors nor model.safetensors.index.json", remedy));
}

// The names that the index promises, by file.
absl::StatusOr<std::map<std::string, std::set<std::string>>> ReadIndex(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const auto index, ReadJsonObject(path));
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object() || map->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": weight_map is missing; fetch the file again"));
  }
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || absl::StrContains(file.get<std::string>(), "/") || !absl::EndsWith(file.get<std::string>(), ".safetensors")) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": tensor '", tensor, "' is not mapped to a .safetensors file beside the index; fetch the file again"));
    }
    shards[file.get<std::string>()].insert(tensor);
  }
  return shards;
}

absl::Status AddShard(WeightFiles& weights, SafetensorsFile file, const std::set<std::string>& promised) {
  for (const auto& name : promised) {
    if (!file.tensors().contains(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.path(), ": tensor '", name, "' is missing although ", weights.source, " says it is here; fetch the checkpoint again"));
    }
  }
  for (const auto& [name, view] : file.tensors()) {
    if (!promised.contains(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.path(), ": tensor '", name, "' is not listed in ", weights.source, "; fetch the checkpoint again"));
    }
  }
  weights.files.push_back(std::move(file));
  return absl::OkStatus();
}

// The text of a config.json whose weights are of type `dtype` from now on; unchanged where it says so already.
std::string WithType(std::string text, DType dtype) {
  const std::string name(NameOf(dtype));
  auto config = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  bool changed = false;
  for (const char* key : {"torch_dtype", "dtype"}) {
    if (!config.is_object() || !config.contains(key) || config[key] == name) continue;
    config[key] = name;
    changed = true;
  }
  return changed ? config.dump(2) + "\n" : text;
}

}  // namespace

absl::StatusOr<WeightFiles> OpenWeightFiles(const std::string& directory) {
  WeightFiles weights;
  const std::string single = directory + "/model.safetensors", index = directory + "/model.safetensors.index.json";
  if (Exists(single)) {
    weights.source = single;
    COHORT_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(single));
    weights.files.push_back(std::move(file));
  } else if (Exists(index)) {
    weights.source = index;
    COHORT_ASSIGN_OR_RETURN(const auto shards, ReadIndex(index));
    for (const auto& [name, promised] : shards) {
      const std::string path = absl::StrCat(directory, "/", name);
      if (!Exists(path)) return absl::InvalidArgumentError(absl::StrCat(path, ": is missing although ", index, " names it; fetch the file"));
    }
    for (const auto& [name, promised] : shards) {
      COHORT_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(absl::StrCat(directory, "/", name)));
      COHORT_RETURN_IF_ERROR(AddShard(weights, std::move(file), promised));
    }
  } else {
    return NoWeights(directory);
  }
  for (const auto& file : weights.files) {
    for (const auto& [name, view] : file.tensors()) weights.tensors[name] = {file.path(), &view};
  }
  return weights;
}

absl::Status WriteWeightFiles(const std::string& directory, const std::vector<TensorToWrite>& tensors, int64_t largest_shard) {
  std::vector<std::vector<TensorToWrite>> shards(1);
  int64_t total = 0, in_shard = 0;
  for (const TensorToWrite& tensor : tensors) {
    const int64_t bytes = static_cast<int64_t>(tensor.bytes.size());
    if (!shards.back().empty() && in_shard + bytes > largest_shard) {
      shards.emplace_back();
      in_shard = 0;
    }
    shards.back().push_back(tensor);
    in_shard += bytes;
    total += bytes;
  }
  if (shards.size() == 1) return WriteSafetensors(directory + "/model.safetensors", tensors);
  nlohmann::ordered_json index;
  index["metadata"] = {{"total_size", total}};
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = absl::StrFormat("model-%05d-of-%05d.safetensors", i + 1, shards.size());
    COHORT_RETURN_IF_ERROR(WriteSafetensors(absl::StrCat(directory, "/", name), shards[i]));
    for (const TensorToWrite& tensor : shards[i]) index["weight_map"][tensor.name] = name;
  }
  return io::WriteFileDurably(directory + "/model.safetensors.index.json", index.dump(2) + "\n");
}

absl::Status CopyDescription(const std::string& from, const std::string& to, DType dtype) {
  constexpr const char* kFiles[] = {"config.json",
                                    "generation_config.json",
                                    "tokenizer.json",
                                    "tokenizer_config.json",
                                    "special_tokens_map.json",
                                    "added_tokens.json",
                                    "vocab.json",
                                    "merges.txt",
                                    "tokenizer.model",
                                    "chat_template.jinja",
                                    "chat_template.json"};
  std::error_code ignored;
  if (fs::equivalent(from, to, ignored)) return absl::OkStatus();
  for (const char* name : kFiles) {
    const std::string source = absl::StrCat(from, "/", name);
    if (!Exists(source) && absl::string_view(name) != "config.json") continue;
    COHORT_ASSIGN_OR_RETURN(std::string content, io::ReadFile(source));
    if (absl::string_view(name) == "config.json") content = WithType(std::move(content), dtype);
    COHORT_RETURN_IF_ERROR(io::WriteFileDurably(absl::StrCat(to, "/", name), content));
  }
  return absl::OkStatus();
}

}  // namespace cohort::model
