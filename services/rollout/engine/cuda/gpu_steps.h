#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/cuda/memory.h"
#include "common/cuda/stream.h"
#include "services/rollout/engine/cuda/decoder.h"
#include "services/rollout/engine/cuda/step_device.h"

namespace cohort::rollout::cuda {

// Steps on a real GPU: what the host knows is laid out in pinned memory, copied, and handed to the decoder, all on one stream. Not thread-safe.
class GpuSteps : public StepDevice {
 public:
  // Takes the memory for passing things. `decoder` and `stream` must outlive it. RESOURCE_EXHAUSTED without enough.
  static absl::StatusOr<std::unique_ptr<GpuSteps>> Create(Decoder& decoder, const DecoderLimits& limits, cudaStream_t stream);

  absl::Status Prefill(int turn, const std::vector<PrefillPiece>& pieces) override;
  absl::Status UpdateRows(int turn, const std::vector<PendingUpdate>& updates, const std::vector<PageCopy>& copies) override;
  int BatchFor(int rows) const override { return decoder_.BatchFor(rows); }
  absl::Status Decode(int turn, int rows, bool truncates) override;
  absl::Status Finish(int turn) override;
  absl::StatusOr<const RowResult*> WaitForResults(int turn) override;

 private:
  // Memory that the GPU reads or writes while a step is in flight.
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

  GpuSteps(Decoder& decoder, const DecoderLimits& limits, cudaStream_t stream) : decoder_(decoder), limits_(limits), stream_(stream) {}

  absl::Status Allocate();
  // Lays pieces out in `staging`; tokens and tiles of the whole.
  PrefillBatch Pack(const std::vector<PrefillPiece>& pieces, Staging& staging) const;
  template <typename T>
  absl::Status ToDevice(const cohort::cuda::DeviceBuffer<T>& to, const cohort::cuda::PinnedBuffer<T>& from, int64_t count);

  Decoder& decoder_;
  const DecoderLimits limits_;
  const cudaStream_t stream_;
  Staging staging_[2];
  cohort::cuda::DeviceBuffer<RowUpdate> updates_;
  cohort::cuda::DeviceBuffer<int32_t> update_tables_;
  cohort::cuda::DeviceBuffer<int2> copies_;
  cohort::cuda::DeviceBuffer<int32_t> prompt_tokens_;
  cohort::cuda::DeviceBuffer<int32_t> prompt_tables_;
  cohort::cuda::DeviceBuffer<PrefillSpan> spans_;
};

}  // namespace cohort::rollout::cuda
