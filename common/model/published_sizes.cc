#include "common/model/published_sizes.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace cohort::model {
namespace {

// What the models of one family have in common.
ModelConfig Family(absl::string_view architecture, int64_t max_positions, double rope_theta, double rms_norm_eps) {
  ModelConfig config;
  config.architecture = std::string(architecture);
  config.max_positions = max_positions;
  config.rope_theta = rope_theta;
  config.rms_norm_eps = rms_norm_eps;
  config.qkv_bias = architecture == "Qwen2ForCausalLM";
  return config;
}

struct Sizes {
  int64_t hidden, intermediate, layers, heads, kv_heads, head_dim, vocab;
  bool tied;
};

ModelConfig With(ModelConfig config, const Sizes& sizes) {
  config.hidden_size = sizes.hidden;
  config.intermediate_size = sizes.intermediate;
  config.num_layers = sizes.layers;
  config.num_heads = sizes.heads;
  config.num_kv_heads = sizes.kv_heads;
  config.head_dim = sizes.head_dim;
  config.vocab_size = sizes.vocab;
  config.tie_word_embeddings = sizes.tied;
  return config;
}

}  // namespace

const std::vector<std::pair<std::string, ModelConfig>>& PublishedSizes() {
  static const auto& models = *new std::vector<std::pair<std::string, ModelConfig>>{
      {"Qwen2.5-0.5B", With(Family("Qwen2ForCausalLM", 32768, 1e6, 1e-6), {896, 4864, 24, 14, 2, 64, 151936, true})},
      {"Qwen2.5-1.5B", With(Family("Qwen2ForCausalLM", 131072, 1e6, 1e-6), {1536, 8960, 28, 12, 2, 128, 151936, true})},
      {"Qwen2.5-7B", With(Family("Qwen2ForCausalLM", 131072, 1e6, 1e-6), {3584, 18944, 28, 28, 4, 128, 152064, false})},
      {"Llama-3.1-8B", With(Family("LlamaForCausalLM", 131072, 5e5, 1e-5), {4096, 14336, 32, 32, 8, 128, 128256, false})},
  };
  return models;
}

std::optional<ModelConfig> SizesByName(absl::string_view path) {
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  absl::string_view name = path.substr(path.rfind('/') == absl::string_view::npos ? 0 : path.rfind('/') + 1);
  absl::ConsumeSuffix(&name, "-Instruct");
  absl::ConsumePrefix(&name, "Meta-");
  for (const auto& [known, config] : PublishedSizes()) {
    if (absl::EqualsIgnoreCase(name, known)) return config;
  }
  return std::nullopt;
}

}  // namespace cohort::model
