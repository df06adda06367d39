#include "tests/bench/engine/pressure.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "services/rollout/engine/cpu/cpu_engine.h"
#include "tests/bench/engine/tiny_engine.h"

namespace cohort::bench {
namespace {

using rollout::cpu::CpuEngine;
using rollout::cpu::CpuEngineOptions;
using rollout::cpu::kPageTokens;

constexpr int kGroups = 96;
constexpr int kGroup = 8;
constexpr int kPrompt = 16;
constexpr int kMostTokens = 200;
constexpr int kMostBatch = 64;
// Of a group when every completion is as long as it may be: its prompt, and what each sample has for itself.
constexpr int64_t kWorstPages = kPrompt / kPageTokens + kGroup * ((kPrompt + kMostTokens - 1 + kPageTokens - 1) / kPageTokens - kPrompt / kPageTokens);
constexpr int kWorstGroups = 2;

rollout::GroupRequest Request(int64_t slot) {
  rollout::GroupRequest request;
  request.id = request.slot = slot;
  request.samples = kGroup;
  for (int i = 0; i < kPrompt; ++i) request.prompt.push_back(static_cast<int32_t>((slot + i) % 40));
  request.sampling.set_temperature(1);
  request.sampling.set_max_new_tokens(kMostTokens);
  return request;
}

struct Figures {
  double tokens = 0, seconds = 0 /* of processors */, steps = 0, groups = 0, sequences = 0, preemptions = 0;
};

// `reserved`: a group is added when its worst case is free, and holds it until its last sample has ended.
Figures Run(CpuEngine& engine, bool reserved) {
  Figures figures;
  const rollout::EngineLoad before = engine.load();
  const std::clock_t begin = std::clock();
  for (int64_t slot = 0; slot < kGroups || engine.load().groups > 0; ++figures.steps) {
    while (slot < kGroups && (!reserved || engine.load().groups < kWorstGroups) && engine.Add(Request(slot)).ok()) ++slot;
    figures.groups += engine.load().groups;
    figures.sequences += engine.load().sequences;
    if (!engine.Step().ok()) std::abort();
    engine.TakeFinished();
  }
  figures.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  figures.tokens = static_cast<double>(engine.load().tokens - before.tokens);
  figures.preemptions = static_cast<double>(engine.load().preemptions - before.preemptions);
  return figures;
}

void Compare(const char* name, const model::ModelConfig& config, int threads) {
  CpuEngineOptions options;
  options.threads = threads;
  options.max_batch = kMostBatch;
  options.kv_bytes = kWorstGroups * kWorstPages * config.num_layers * config.num_kv_heads * 2 * config.head_dim * kPageTokens * int64_t{sizeof(float)};
  const auto engine = MakeTinyEngine(config, options);
  Run(*engine, false);  // It learns how long completions become.
  Figures best[2];
  for (int repetition = 0; repetition < 7; ++repetition) {
    for (const bool reserved : {true, false}) {
      const Figures figures = Run(*engine, reserved);
      if (best[reserved].seconds == 0 || figures.seconds < best[reserved].seconds) best[reserved] = figures;
    }
  }
  const Figures &worst = best[true], &need = best[false];
  std::printf("%s: %.0f tokens a completion\n", name, need.tokens / (kGroups * kGroup));
  std::printf("  %-34s %10s %10s %8s\n", "", "worst case", "need", "ratio");
  std::printf("  %-34s %10.1f %10.1f %7.2fx\n", "groups in the engine", worst.groups / worst.steps, need.groups / need.steps,
              need.groups / need.steps * worst.steps / worst.groups);
  std::printf("  %-34s %10.1f %10.1f %7.2fx\n", "samples in a step", worst.sequences / worst.steps, need.sequences / need.steps,
              need.sequences / need.steps * worst.steps / worst.sequences);
  std::printf("  %-34s %10.0f %10.0f %7.2fx\n", "steps", worst.steps, need.steps, need.steps / worst.steps);
  std::printf("  %-34s %10.0f %10.0f %7.2fx\n", "tokens per second of a processor", worst.tokens / worst.seconds, need.tokens / need.seconds,
              need.tokens / need.seconds * worst.seconds / worst.tokens);
  std::printf("  %-34s %10.0f %10.0f\n", "preemptions", worst.preemptions, need.preemptions);
}

}  // namespace

void RunPressure(int threads) {
  std::printf("%d groups of %d completions of at most %d tokens, prompts of %d; a cache for the worst case of %d groups; %d thread%s.\n\n", kGroups, kGroup,
              kMostTokens, kPrompt, kWorstGroups, threads, threads > 1 ? "s" : "");
  model::ModelConfig config = TinyConfig();
  config.eos_token_ids = {2};
  Compare("Most end early", config, threads);
  config.eos_token_ids.clear();
  Compare("All are as long as they may be", config, threads);
}

}  // namespace cohort::bench
