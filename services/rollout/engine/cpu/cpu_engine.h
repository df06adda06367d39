#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/cpu/decoder.h"
#include "services/rollout/engine/cpu/kernels.h"
#include "services/rollout/engine/cpu/kv_cache.h"
#include "services/rollout/engine/cpu/sampler.h"
#include "services/rollout/engine/cpu/thread_pool.h"
#include "services/rollout/engine/engine.h"
#include "services/rollout/engine/schedule/scheduler.h"

namespace cohort::rollout::cpu {

struct CpuEngineOptions {
  int threads = 1;
  int max_batch = 128;                     // Sequences decoded together.
  int64_t max_context = 0;                 // Tokens of prompt and completion; 0 takes the model's limit, but no more than 4,096.
  int64_t kv_bytes = int64_t{2} << 30;     // Most memory for keys and values; memory is taken only as it is used.
  int64_t prefill_tokens = 256;            // Most prompt tokens in one step; more would make the running sequences wait.
  const Kernels* kernels = nullptr;        // nullptr: the best ones here.
  double expected_share = 1;               // See SchedulerOptions.
};

// The engine on processors: fp32, row-invariant kernels, paged key/value cache. See Engine.
class CpuEngine : public Engine {
 public:
  // INVALID_ARGUMENT when an option makes no sense or not one sequence fits into the cache; RESOURCE_EXHAUSTED when memory cannot be had.
  static absl::StatusOr<std::unique_ptr<CpuEngine>> Create(const model::ModelConfig& config, const model::ArenaLayout& layout,
                                                           const CpuEngineOptions& options);
  ~CpuEngine() override;

  absl::Status SetWeights(std::shared_ptr<const model::Arena> weights, int64_t version) override;
  int64_t version() const override { return version_; }
  absl::Status Add(GroupRequest request) override { return scheduler_.Add(std::move(request)); }
  absl::Status Step() override;
  std::vector<FinishedGroup> TakeFinished() override { return scheduler_.completions().TakeFinished(); }
  std::vector<SampledToken> TakeTokens() override { return scheduler_.completions().TakeTokens(); }
  void Abort(int64_t id) override { scheduler_.Abort(id); }
  void AbortSample(int64_t id, int sample) override { scheduler_.AbortSample(id, sample); }
  EngineLoad load() const override { return scheduler_.load(); }
  int64_t max_context() const override { return options_.max_context; }

 private:
  CpuEngine(const model::ModelConfig& config, const model::ArenaLayout& layout, const CpuEngineOptions& options, int64_t pages);

  // Makes rows of the running samples, then of what is to be prefilled.
  void CollectRows(const std::vector<PrefillPiece>& pieces);
  void SampleRows();
  // Keeps the logits behind prompts that are in the cache now: every sample of the group begins with them.
  void KeepFirstLogits();
  void StartSamples();
  Choice Draw(const Sample& sample, const float* logits, int thread);
  void Take(Sample& sample, const Choice& choice, int64_t version);

  const model::ModelConfig config_;
  const CpuEngineOptions options_;
  const int64_t arena_size_;
  const Kernels& kernels_;
  ThreadPool pool_;
  Decoder decoder_;
  KvCache cache_;
  Scheduler scheduler_;
  std::vector<Sampler> samplers_;                  // One for each thread.
  int64_t version_ = -1;
  std::vector<DecoderRow> rows_;                   // The first are those of running_.
  std::vector<Sample*> running_;                   // Samples that get a token in this step.
  std::vector<Group*> prefilled_;                  // Groups whose last prompt token is among the rows.
  std::vector<Choice> choices_;
};

}  // namespace cohort::rollout::cpu
