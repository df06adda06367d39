// Tokens/s of the CUDA engine on the shapes of well-known models with random weights, log-probabilities on; prefill is in the time. One JSON line for each
// model and kind of batch. Usage: decode_bench [model …] [--batch N] [--prompt N] [--new N] [--group N]; the commit is taken from COHORT_COMMIT.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/random/philox.h"
#include "services/rollout/engine/cuda/cuda_engine.h"
#include "tests/bench/random_weights.h"
#include "tests/bench/shapes.h"

namespace {

using cohort::bench::Check;
using cohort::model::ModelConfig;
using cohort::rollout::GroupRequest;
using cohort::rollout::cuda::CudaEngine;
using cohort::rollout::cuda::CudaEngineOptions;

struct Load {
  int batch = 256;
  int prompt = 256;
  int new_tokens = 1024;
  int group = 1;
};

// Norms and random numbers, by way of the sink.
void LoadWeights(CudaEngine& engine, const cohort::model::ArenaLayout& layout) {
  const auto sink = engine.sink()->Begin();
  Check(sink.status());
  cohort::bench::FillWeights(static_cast<__nv_bfloat16*>(*sink), layout);
  Check(engine.TakeFromSink(engine.sink()->Complete(), 0));
}

double Seconds(std::chrono::steady_clock::time_point since) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count(); }

struct Speed {
  double seconds = 0;
  double steady_ms = 0;  // Of a step with the full batch, over the last half of the run.
};

Speed Run(CudaEngine& engine, const ModelConfig& config, const Load& load, int new_tokens) {
  cohort::random::Stream stream(2, 0);
  for (int slot = 0; slot < load.batch / load.group; ++slot) {
    GroupRequest request;
    request.id = request.slot = slot;
    request.samples = load.group;
    for (int i = 0; i < load.prompt; ++i) request.prompt.push_back(static_cast<int32_t>(stream.NextBelow(static_cast<uint32_t>(config.vocab_size))));
    request.sampling.set_temperature(1);
    request.sampling.set_max_new_tokens(new_tokens);
    Check(engine.Add(std::move(request)));
  }
  const auto begin = std::chrono::steady_clock::now();
  const int64_t tokens_before = engine.load().tokens, half = tokens_before + int64_t{load.batch} * new_tokens / 2;
  double half_seconds = 0;
  int64_t half_tokens = 0;
  while (engine.load().groups > 0) {
    Check(engine.Step());
    if (half_tokens == 0 && engine.load().tokens >= half) {
      half_seconds = Seconds(begin);
      half_tokens = engine.load().tokens;
    }
  }
  Speed speed;
  speed.seconds = Seconds(begin);
  const double steps = static_cast<double>(engine.load().tokens - half_tokens) / load.batch;
  speed.steady_ms = 1000 * (speed.seconds - half_seconds) / steps;
  for (const auto& group : engine.TakeFinished()) Check(group.status);
  return speed;
}

void Bench(const std::string& name, const ModelConfig& config, const Load& load) {
  const auto layout = *cohort::model::ArenaLayout::Create(config);
  CudaEngineOptions options;
  options.max_batch = load.batch;
  options.max_context = load.prompt + load.new_tokens;
  options.sink = true;
  const auto begin = std::chrono::steady_clock::now();
  auto engine = CudaEngine::Create(config, layout, options);
  Check(engine.status());
  LoadWeights(**engine, layout);
  Check(cudaDeviceSynchronize());
  const double start_seconds = Seconds(begin);
  Run(**engine, config, load, 16);
  const Speed speed = Run(**engine, config, load, load.new_tokens);
  cudaDeviceProp properties;
  Check(cudaGetDeviceProperties(&properties, 0));
  const char* commit = std::getenv("COHORT_COMMIT");
  std::printf(
      "{\"bench\": \"decode\", \"model\": \"%s\", \"batch\": %d, \"prompt_tokens\": %d, \"new_tokens\": %d, \"group\": %d, \"tokens_per_s\": %.0f, "
      "\"seconds\": %.3f, \"second_half_step_ms\": %.3f, \"start_s\": %.2f, \"device\": \"%s\", \"commit\": \"%s\"}\n",
      name.c_str(), load.batch, load.prompt, load.new_tokens, load.group, load.batch * static_cast<double>(load.new_tokens) / speed.seconds, speed.seconds,
      speed.steady_ms, start_seconds, properties.name, commit == nullptr ? "" : commit);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  const std::map<std::string, int*> numbers = {{"--batch", &load.batch}, {"--prompt", &load.prompt}, {"--new", &load.new_tokens}, {"--group", &load.group}};
  for (const auto& [name, config] : cohort::bench::ChosenShapes(argc, argv, numbers)) Bench(name, config, load);
  return 0;
}
