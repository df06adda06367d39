// Decode tokens/s of the CPU engine on the quickstart model's shape, beside plain LibTorch's: engine_bench [threads]. Groups and tokens/s when the cache is
// small, beside an engine that reserves what a group may need: engine_bench pressure [threads].

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/rollout/engine/cpu/cpu_engine.h"
#include "tests/bench/engine/libtorch_decoder.h"
#include "tests/bench/engine/pressure.h"
#include "tests/bench/engine/tiny_engine.h"

namespace {

using cohort::rollout::GroupRequest;
using cohort::rollout::cpu::CpuEngineOptions;
using cohort::rollout::cpu::InstructionSet;

constexpr int kPrompt = 10;
constexpr int kNewTokens = 64;
constexpr int kGroup = 8;

double Seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The best of several repetitions: other processes can only make it slower.
double Best(int repetitions, const std::function<double()>& tokens_per_second) {
  double best = 0;
  for (int i = 0; i < repetitions; ++i) best = std::max(best, tokens_per_second());
  return best;
}

double EngineSpeed(int batch, int threads, InstructionSet set) {
  CpuEngineOptions options;
  options.threads = threads;
  options.max_batch = batch;
  options.kernels = &cohort::rollout::cpu::KernelsFor(set);
  const auto engine = cohort::bench::MakeTinyEngine(cohort::bench::TinyConfig(), options);
  return Best(5, [&] {
    const int group = std::min(batch, kGroup);
    for (int slot = 0; slot < batch / group; ++slot) {
      GroupRequest request;
      request.id = slot;
      request.slot = slot;
      request.samples = group;
      for (int i = 0; i < kPrompt; ++i) request.prompt.push_back((slot + i) % 40);
      request.sampling.set_temperature(1);
      request.sampling.set_max_new_tokens(kNewTokens);
      if (!engine->Add(request).ok()) std::abort();
    }
    const int64_t before = engine->load().tokens;
    const double seconds = Seconds([&] {
      while (engine->load().groups > 0) {
        if (!engine->Step().ok()) std::abort();
      }
    });
    engine->TakeFinished();
    return static_cast<double>(engine->load().tokens - before) / seconds;
  });
}

double LibTorchSpeed(int batch, int threads) {
  cohort::bench::LibTorchDecoder decoder({}, batch, kPrompt + kNewTokens, threads);
  std::vector<int64_t> tokens(batch, 3);
  return Best(3, [&] {
    const double seconds = Seconds([&] {
      for (int t = 0; t < kNewTokens; ++t) tokens = decoder.Step(tokens, kPrompt + t);
    });
    return batch * kNewTokens / seconds;
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "pressure") {
    cohort::bench::RunPressure(argc > 2 ? std::max(1, std::atoi(argv[2])) : 1);
    return 0;
  }
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  std::printf("Decode of a Qwen2 with 0.74 M parameters, fp32, %d thread%s; prompt %d, %d new tokens, groups of %d.\n", threads, threads > 1 ? "s" : "",
              kPrompt, kNewTokens, kGroup);
  std::printf("The engine's time includes prefill and sampling; LibTorch's starts behind the prompt.\n\n");
  std::printf("%-28s %12s %12s %12s\n", "tokens/s at batch", "1", "32", "128");
  const std::vector<int> batches = {1, 32, 128};
  std::vector<double> torch, best;
  for (int batch : batches) torch.push_back(LibTorchSpeed(batch, threads));
  std::printf("%-28s %12.0f %12.0f %12.0f\n", "LibTorch", torch[0], torch[1], torch[2]);
  for (InstructionSet set : cohort::rollout::cpu::SupportedInstructionSets()) {
    if (set == InstructionSet::kPortable) continue;
    best.clear();
    for (int batch : batches) best.push_back(EngineSpeed(batch, threads, set));
    const std::string name = std::string("engine, ") + cohort::rollout::cpu::KernelsFor(set).name;
    std::printf("%-28s %12.0f %12.0f %12.0f\n", name.c_str(), best[0], best[1], best[2]);
    std::printf("%-28s %11.1fx %11.1fx %11.1fx\n", "  over LibTorch", best[0] / torch[0], best[1] / torch[1], best[2] / torch[2]);
  }
  return 0;
}
