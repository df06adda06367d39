#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/random/philox.h"
#include "services/rollout/engine/cuda/cuda_engine.h"
#include "tests/golden/reference_decoder.h"

// Small models with random weights for the engine's tests on a GPU, and a double-precision model beside them.
namespace cohort::rollout::cuda::small_model {

// Mean difference of log-probabilities that bf16 may make in a model with random weights of this size: rounding the double-precision model's activations to
// bf16 where the engine does makes 7.5e-3.
constexpr double kNoise = 1.5e-2;

inline model::ModelConfig SmallConfig() {
  model::ModelConfig config;
  config.architecture = "Qwen2ForCausalLM";
  config.hidden_size = 256;
  config.intermediate_size = 328;
  config.num_layers = 2;
  config.num_heads = 7;
  config.num_kv_heads = 1;
  config.head_dim = 64;
  config.vocab_size = 1000;
  config.max_positions = 512;
  config.tie_word_embeddings = true;
  config.qkv_bias = true;
  return config;
}

// Qwen3's norms on query and key heads.
inline model::ModelConfig Qwen3Config() {
  model::ModelConfig config = SmallConfig();
  config.architecture = "Qwen3ForCausalLM";
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 128;
  config.qkv_bias = false;
  config.qk_norm = true;
  return config;
}

inline model::ModelConfig WideHeadConfig() {
  model::ModelConfig config = SmallConfig();
  config.num_heads = 12;
  config.num_kv_heads = 2;
  config.head_dim = 128;
  config.tie_word_embeddings = false;
  config.vocab_size = 1003;
  return config;
}

// Weights that are exact in bf16, norms near one.
inline std::shared_ptr<model::Arena> RandomWeights(const model::ArenaLayout& layout, uint64_t seed) {
  auto arena = std::make_shared<model::Arena>(layout.size());
  random::Stream stream(seed, 0);
  for (const model::TensorSlot& slot : layout.slots()) {
    const bool norm = slot.name.find("norm") != std::string::npos;
    const double scale = slot.shape.size() == 1 ? 0.1 : 1 / std::sqrt(static_cast<double>(slot.shape[1]));
    for (int64_t i = 0; i < slot.size(); ++i) {
      const float weight = static_cast<float>((norm ? 1.0 : 0.0) + scale * std::sqrt(3.0) * (2 * stream.NextDouble() - 1));
      arena->floats()[slot.offset + i] = __bfloat162float(__float2bfloat16_rn(weight));
    }
  }
  return arena;
}

struct TestModel {
  model::ModelConfig config;
  model::ArenaLayout layout;
  std::shared_ptr<model::Arena> weights;

  explicit TestModel(const model::ModelConfig& c, uint64_t seed = 1)
      : config(c), layout(*model::ArenaLayout::Create(c)), weights(RandomWeights(layout, seed)) {}
};

inline CudaEngineOptions SmallOptions() {
  CudaEngineOptions options;
  options.max_batch = 12;
  options.prefill_tokens = 100;
  options.kv_bytes = int64_t{64} << 20;
  return options;
}

inline std::unique_ptr<CudaEngine> MakeEngine(const TestModel& model, const CudaEngineOptions& options = SmallOptions()) {
  auto engine = CudaEngine::Create(model.config, model.layout, options);
  EXPECT_TRUE(engine.ok()) << engine.status();
  EXPECT_TRUE((*engine)->SetWeights(model.weights, 0).ok());
  return *std::move(engine);
}

inline GroupRequest Request(int64_t id, int prompt, int samples, int new_tokens) {
  GroupRequest request;
  request.id = id;
  request.slot = id;
  request.step = 5;
  request.samples = samples;
  random::Stream stream(99, id);
  for (int i = 0; i < prompt; ++i) request.prompt.push_back(static_cast<int32_t>(stream.NextBelow(1000)));
  request.sampling.set_temperature(1);
  request.sampling.set_max_new_tokens(new_tokens);
  request.sampling.set_seed(42);
  return request;
}

// Steps until nothing is left.
inline std::map<int64_t, FinishedGroup> Finish(CudaEngine& engine) {
  std::map<int64_t, FinishedGroup> finished;
  for (int steps = 0; engine.load().groups > 0; ++steps) {
    EXPECT_LT(steps, 10000);
    const absl::Status status = engine.Step();
    EXPECT_TRUE(status.ok()) << status;
    if (!status.ok() || steps > 10000) break;
    for (FinishedGroup& group : engine.TakeFinished()) finished[group.id] = std::move(group);
  }
  return finished;
}

struct Difference {
  double sum = 0, largest = 0;
  int count = 0;
  double mean() const { return sum / count; }
};

// Log-probabilities of a group's first two samples against those of a double-precision pass over prompt and completion.
inline Difference AgainstReference(const TestModel& model, const GroupRequest& request, const FinishedGroup& group) {
  const golden::ReferenceDecoder reference(model.config, model.layout, {model.weights->floats().begin(), model.weights->floats().end()});
  Difference difference;
  for (size_t s = 0; s < std::min<size_t>(2, group.samples.size()); ++s) {
    const FinishedSample& sample = group.samples[s];
    std::vector<int32_t> tokens = request.prompt;
    tokens.insert(tokens.end(), sample.tokens.begin(), sample.tokens.end() - 1);
    const auto logits = reference.Logits(tokens);
    for (size_t i = 0; i < sample.tokens.size(); ++i) {
      const double expected =
          golden::ReferenceDecoder::Logprob(logits[request.prompt.size() - 1 + i], sample.tokens[i], request.sampling.temperature());
      const double distance = std::abs(expected - sample.logprobs[i]);
      difference.sum += distance;
      difference.largest = std::max(difference.largest, distance);
      ++difference.count;
    }
  }
  return difference;
}

}  // namespace cohort::rollout::cuda::small_model
