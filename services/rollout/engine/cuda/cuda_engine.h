#pragma once

#include <cuda_bf16.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/cuda/device.h"
#include "common/cuda/memory.h"
#include "common/cuda/stream.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/cuda/decoder.h"
#include "services/rollout/engine/cuda/page_pool.h"
#include "services/rollout/engine/cuda/second_arena.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout::cuda {

struct CudaEngineOptions {
  int device = 0;
  int max_batch = 256;              // Sequences decoded together, at most 1,024.
  int64_t max_context = 0;          // Tokens of prompt and completion; 0 takes the model's limit, but no more than 4,096.
  int64_t kv_bytes = 0;             // Most memory for keys and values; 0 takes what is free, less a reserve.
  int64_t prefill_tokens = 8192;    // Most prompt tokens between two decode steps; more would make the running sequences wait.
  bool sink = false;                // Take memory for a second arena at once, and offer it as the sink of broadcasts.
};

// The engine on one NVIDIA GPU, in bf16 with fp32 sums and fp32 logits. See Engine.
//
// A step enqueues pieces of new prompts and one graph that samples a token for every running sequence, and then reads the results of the step before: rows
// are moved on by the GPU itself, which never waits for the host. So a token is reported one Step() after it was sampled. The last token of a prompt is
// fed by the decode step, once for each sample; prefill covers those before it.
//
// Completions are reproducible for the same batches, but not to the bit across batch sizes, whose matrix products may be summed in another order.
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
  absl::Status Add(GroupRequest request) override;
  absl::Status Step() override;
  std::vector<FinishedGroup> TakeFinished() override;
  std::vector<SampledToken> TakeTokens() override;
  void Abort(int64_t id) override;
  EngineLoad load() const override;
  int64_t max_context() const override { return options_.max_context; }

 private:
  struct Group;
  // A row of the decode batch as the host sees it: `group` is nullptr when it is free.
  struct Row {
    std::shared_ptr<Group> group;
    int sample = 0;
    int issued = 0;                    // Tokens that enqueued steps sample, ended or not.
    std::vector<int32_t> pages;
  };
  // What a step in flight samples for: row r is sample `sample` of `group`.
  struct Target {
    std::shared_ptr<Group> group;
    int sample = 0;
    int row = 0;
  };
  struct Flight {
    bool active = false;
    int64_t version = 0;
    std::vector<Target> targets;
  };
  // Memory that the GPU reads or writes while a step is in flight; steps take turns.
  struct Staging {
    cohort::cuda::PinnedBuffer<RowUpdate> updates;
    cohort::cuda::PinnedBuffer<int32_t> update_tables;
    cohort::cuda::PinnedBuffer<int2> copies;
    cohort::cuda::PinnedBuffer<int32_t> prompt_tokens;   // Ids, positions, tables of tokens.
    cohort::cuda::PinnedBuffer<int32_t> prompt_tables;
    cohort::cuda::PinnedBuffer<PrefillSpan> spans;
    cohort::cuda::PinnedBuffer<RowResult> results;
    cohort::cuda::Event done;
  };

  CudaEngine(const model::ModelConfig& config, const model::ArenaLayout& layout, const CudaEngineOptions& options, const cohort::cuda::DeviceInfo& device);

  absl::Status Allocate(const model::ArenaLayout& layout);
  absl::StatusOr<int64_t> PagesThatFit() const;
  absl::Status EnqueuePrefill();
  absl::Status EnqueueUpdates();
  absl::Status EnqueueDecode();
  // Waits for a step and takes its tokens.
  absl::Status Collect(Flight& flight, Staging& staging);
  void Record(const Target& target, const RowResult& result, int64_t version);
  void StartSamples(const std::shared_ptr<Group>& group);
  void StartSample(const std::shared_ptr<Group>& group, int row);
  // Fills holes with the last rows where that makes the batch of the next step smaller.
  void CompactRows();
  // `still_runs`: the GPU does not know yet that the sample ends.
  void FreeRow(int row, bool still_runs);
  // For the next step; replaces what was to happen to the row before.
  void SetPending(const RowUpdate& update);
  void RetireFinished();
  int FirstFreeRow() const;
  int UsedRows() const;
  template <typename T>
  absl::Status ToDevice(const cohort::cuda::DeviceBuffer<T>& to, const cohort::cuda::PinnedBuffer<T>& from, int64_t count);

  const model::ModelConfig config_;
  CudaEngineOptions options_;
  const int64_t arena_size_;
  const cohort::cuda::DeviceInfo device_;
  cohort::cuda::Stream stream_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<SecondArena> sink_;
  std::unique_ptr<PagePool> pool_;
  Staging staging_[2];
  Flight flights_[2];
  int64_t steps_ = 0;                                      // Enqueued; step n uses staging and flight n % 2.
  cohort::cuda::DeviceBuffer<RowUpdate> updates_;
  cohort::cuda::DeviceBuffer<int32_t> update_tables_;
  cohort::cuda::DeviceBuffer<int2> copies_;
  cohort::cuda::DeviceBuffer<int32_t> prompt_tokens_;
  cohort::cuda::DeviceBuffer<int32_t> prompt_tables_;
  cohort::cuda::DeviceBuffer<PrefillSpan> spans_;

  int64_t version_ = -1;
  int64_t tokens_ = 0;
  int reserved_sequences_ = 0;
  int64_t reserved_pages_ = 0;
  std::vector<std::shared_ptr<Group>> groups_;             // In the order they came.
  std::vector<Row> rows_;
  int live_rows_ = 0;
  std::vector<RowUpdate> pending_updates_;                 // For the next step, at most one a row.
  std::vector<int2> pending_copies_;                       // Pages, likewise.
  std::vector<FinishedGroup> finished_;
  std::vector<SampledToken> streamed_;
};

}  // namespace cohort::rollout::cuda
