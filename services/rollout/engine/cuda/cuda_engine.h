#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/cuda/device.h"
#include "common/cuda/stream.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/cuda/decoder.h"
#include "services/rollout/engine/cuda/gpu_steps.h"
#include "services/rollout/engine/cuda/pipeline.h"
#include "services/rollout/engine/cuda/second_arena.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout::cuda {

struct CudaEngineOptions {
  int device = 0;
  int max_batch = 256;              // Sequences decoded together, at most 1,024.
  int64_t max_context = 0;          // Tokens of prompt and completion; 0 takes the model's limit, but no more than 4,096.
  int64_t kv_bytes = 0;             // Most memory for keys and values; 0 takes what is free, less a reserve.
  int64_t prefill_tokens = 8192;    // Most prompt tokens between two decode steps; more would make the running sequences wait.
  double expected_share = 1;        // See SchedulerOptions.
  bool sink = false;                // Take memory for a second arena at once, and offer it as the sink of broadcasts.
};

// The engine on one NVIDIA GPU, in bf16 with fp32 sums and fp32 logits. See Engine, and Pipeline for the order of a step: rows are moved on by the GPU itself,
// which never waits for the host, and a token is reported one Step() after it was sampled. The last token of a prompt is fed by the decode step, once for each
// sample; prefill covers those before it.
//
// Completions are reproducible for the same batches, but not to the bit across batch sizes, whose matrix products may be summed in another order, nor with
// and without preemption, after which prefill has computed what decode steps had.
class CudaEngine : public Engine {
 public:
  // Waits until memory is taken and algorithms are chosen (seconds). INVALID_ARGUMENT when an option makes no sense or the model has a shape that is not
  // computed; UNAVAILABLE without a usable GPU; RESOURCE_EXHAUSTED, naming sizes, when its memory is too small.
  static absl::StatusOr<std::unique_ptr<CudaEngine>> Create(const model::ModelConfig& config, const model::ArenaLayout& layout,
                                                            const CudaEngineOptions& options);
  ~CudaEngine() override;

  absl::Status SetWeights(std::shared_ptr<const model::Arena> weights, int64_t version) override;
  // The layout's elements in bf16, on the GPU; when options.sink.
  policy::WeightSink* sink() override { return sink_.get(); }
  absl::Status TakeFromSink(int64_t ticket, int64_t version) override;
  std::optional<int> gpu() const override { return device_.index; }
  int64_t version() const override { return version_; }
  absl::Status Add(GroupRequest request) override { return pipeline_->scheduler().Add(std::move(request)); }
  absl::Status Step() override;
  std::vector<FinishedGroup> TakeFinished() override { return pipeline_->scheduler().completions().TakeFinished(); }
  std::vector<SampledToken> TakeTokens() override { return pipeline_->scheduler().completions().TakeTokens(); }
  void Abort(int64_t id) override { pipeline_->scheduler().Abort(id); }
  void AbortSample(int64_t id, int sample) override { pipeline_->scheduler().AbortSample(id, sample); }
  EngineLoad load() const override { return pipeline_->scheduler().load(); }
  int64_t max_context() const override { return options_.max_context; }

 private:
  CudaEngine(const model::ModelConfig& config, const model::ArenaLayout& layout, const CudaEngineOptions& options, const cohort::cuda::DeviceInfo& device);

  absl::Status Allocate(const model::ArenaLayout& layout);
  // Makes the GPU current for the calling thread, which need not be the one that created the engine.
  absl::Status UseGpu() const;
  absl::StatusOr<int64_t> PagesThatFit() const;
  SchedulerOptions ForScheduler(int64_t pages) const;

  const model::ModelConfig config_;
  const CudaEngineOptions options_;
  const int64_t arena_size_;
  const cohort::cuda::DeviceInfo device_;
  cohort::cuda::Stream stream_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<SecondArena> sink_;
  std::unique_ptr<GpuSteps> steps_;
  std::unique_ptr<Pipeline> pipeline_;
  int64_t version_ = -1;
};

}  // namespace cohort::rollout::cuda
