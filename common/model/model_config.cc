#include "common/model/model_config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model/architectures/architecture.h"
#include "common/model/json_fields.h"
#include "common/status/status_macros.h"

namespace cohort::model {
namespace {

constexpr int64_t kMostByDefault = 4096;

// Bounds that keep every product of two sizes far inside int64_t.
constexpr int64_t kMaxWidth = int64_t{1} << 20;
constexpr int64_t kMaxVocabulary = int64_t{1} << 24;
constexpr int64_t kMaxPositions = int64_t{1} << 30;

absl::StatusOr<const Architecture*> ReadArchitecture(const JsonFields& fields) {
  const std::string supported = absl::StrCat("supported: ", SupportedArchitectures());
  const auto& object = fields.object();
  const auto names = object.find("architectures");
  if (names == object.end() || !names->is_array() || names->size() != 1 || !(*names)[0].is_string()) {
    return absl::InvalidArgumentError(absl::StrCat(fields.path(), ": architectures: expected a list with one name; ", supported));
  }
  const auto name = (*names)[0].get<std::string>();
  const Architecture* architecture = FindArchitecture(name);
  if (architecture != nullptr) return architecture;
  return absl::InvalidArgumentError(absl::StrCat(fields.path(), ": architectures: '", name, "' is not supported; ", supported));
}

void ReadSizes(JsonFields& fields, ModelConfig& config) {
  config.hidden_size = fields.Size("hidden_size", kMaxWidth);
  config.intermediate_size = fields.Size("intermediate_size", kMaxWidth);
  config.num_layers = fields.Size("num_hidden_layers", 4096);
  config.num_heads = fields.Size("num_attention_heads", 4096);
  config.num_kv_heads = fields.Size("num_key_value_heads", 4096, config.num_heads);
  if (fields.status().ok() && !fields.Has("head_dim") && config.hidden_size % config.num_heads != 0) {
    fields.Fail("num_attention_heads",
                absl::StrCat("is ", config.num_heads, ", which does not divide hidden_size ", config.hidden_size, "; set head_dim"));
  }
  config.head_dim = fields.Size("head_dim", 4096, std::max<int64_t>(1, config.hidden_size / config.num_heads));
  config.vocab_size = fields.Size("vocab_size", kMaxVocabulary);
  config.max_positions = fields.Size("max_position_embeddings", kMaxPositions);
  config.rms_norm_eps = fields.Positive("rms_norm_eps", 1e-6);
  config.tie_word_embeddings = fields.Flag("tie_word_embeddings", false);
  if (!fields.status().ok()) return;
  if (config.num_heads % config.num_kv_heads != 0) {
    fields.Fail("num_key_value_heads", absl::StrCat("is ", config.num_kv_heads, ", which does not divide num_attention_heads ", config.num_heads));
  }
}

void CheckTokenIds(JsonFields& fields, absl::string_view field, const std::vector<int64_t>& ids, const ModelConfig& config) {
  for (const int64_t id : ids) {
    if (id >= config.vocab_size) fields.Fail(field, absl::StrCat("is ", id, ", outside the vocabulary of ", config.vocab_size, " tokens"));
  }
}

// generation_config.json knows better than config.json which tokens end a completion: instruction-tuned models have several.
absl::Status ReadEndTokens(const std::string& directory, JsonFields& fields, ModelConfig& config) {
  const auto bos = fields.Ids("bos_token_id");
  CheckTokenIds(fields, "bos_token_id", bos, config);
  if (!bos.empty()) config.bos_token_id = bos.front();
  config.eos_token_ids = fields.Ids("eos_token_id");
  CheckTokenIds(fields, "eos_token_id", config.eos_token_ids, config);
  COHORT_RETURN_IF_ERROR(fields.status());

  const std::string path = directory + "/generation_config.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(auto object, ReadJsonObject(path));
  JsonFields generation(path, std::move(object));
  const auto eos = generation.Ids("eos_token_id");
  CheckTokenIds(generation, "eos_token_id", eos, config);
  if (!eos.empty()) config.eos_token_ids = eos;
  return generation.status();
}

}  // namespace

int64_t ContextFor(const ModelConfig& config, int64_t tokens) {
  return config.max_positions > 0 ? std::min(config.max_positions, tokens) : tokens;
}

int64_t DefaultContext(const ModelConfig& config) { return config.max_positions > 0 ? std::min(config.max_positions, kMostByDefault) : kMostByDefault; }

absl::StatusOr<ModelConfig> LoadModelConfig(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return absl::NotFoundError(absl::StrCat(directory, ": there is no such directory; give a Hugging Face checkpoint directory"));
  }
  const std::string path = directory + "/config.json";
  COHORT_ASSIGN_OR_RETURN(auto object, ReadJsonObject(path));
  JsonFields fields(path, std::move(object));
  COHORT_ASSIGN_OR_RETURN(const Architecture* architecture, ReadArchitecture(fields));
  ModelConfig config;
  config.architecture = std::string(architecture->name);
  ReadSizes(fields, config);
  ReadRotaryPositions(fields, config.max_positions, config.rope_theta, config.rotary_scaling);
  architecture->read_config(fields, config);
  if (config.head_dim % 2 != 0) fields.Fail("head_dim", absl::StrCat("is ", config.head_dim, "; rotary positions need an even one"));
  COHORT_RETURN_IF_ERROR(fields.status());
  COHORT_RETURN_IF_ERROR(ReadEndTokens(directory, fields, config));
  return config;
}

}  // namespace cohort::model
