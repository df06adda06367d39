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

namespace cohort::rollout::cpu {

struct CpuEngineOptions {
  int threads = 1;
  int max_batch = 128;                     // Sequences decoded together.
  int64_t max_context = 0;                 // Tokens of prompt and completion; 0 takes the model's limit, but no more than 4,096.
  int64_t kv_bytes = int64_t{2} << 30;     // Most memory for keys and values; memory is taken only as it is used.
  int64_t prefill_tokens = 256;            // Most prompt tokens in one step; more would make the running sequences wait.
  const Kernels* kernels = nullptr;        // nullptr: the best ones here.
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
  absl::Status Add(GroupRequest request) override;
  absl::Status Step() override;
  std::vector<FinishedGroup> TakeFinished() override;
  std::vector<SampledToken> TakeTokens() override;
  void Abort(int64_t id) override;
  EngineLoad load() const override;
  int64_t max_context() const override { return options_.max_context; }

 private:
  struct Group;
  struct Sequence;

  CpuEngine(const model::ModelConfig& config, const model::ArenaLayout& layout, const CpuEngineOptions& options, int64_t pages);

  absl::Status Check(const GroupRequest& request) const;
  // Adds rows of running sequences, then of prompts that are not in the cache yet.
  void CollectRows();
  void SampleRows();
  void FinishPrefills();
  // Starts samples of a prefilled group while it may run more.
  void StartSamples(Group& group);
  Choice Draw(const Group& group, int sample, int64_t position, const float* logits, int thread);
  // Appends a token to its sample; whether the sample has ended.
  bool Record(Group& group, int sample, const Choice& choice, int64_t version);
  void RetireFinished();
  void ReleasePages(std::vector<int32_t>& pages);

  const model::ModelConfig config_;
  const CpuEngineOptions options_;
  const int64_t arena_size_;
  const Kernels& kernels_;
  ThreadPool pool_;
  Decoder decoder_;
  KvCache cache_;
  std::vector<Sampler> samplers_;                  // One for each thread.
  int64_t version_ = -1;
  int64_t tokens_ = 0;
  int reserved_sequences_ = 0;
  int64_t reserved_pages_ = 0;
  std::vector<std::unique_ptr<Group>> groups_;     // In the order they came.
  std::vector<Sequence> sequences_;                // Running; sequences of a group stand together.
  std::vector<DecoderRow> rows_;
  std::vector<Group*> prefilled_;                  // Groups whose last prompt token is among the rows.
  std::vector<Choice> choices_;
  std::vector<FinishedGroup> finished_;
  std::vector<SampledToken> streamed_;
};

}  // namespace cohort::rollout::cpu
