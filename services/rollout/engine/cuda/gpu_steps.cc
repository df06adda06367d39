#include "services/rollout/engine/cuda/gpu_steps.h"

#include <algorithm>

#include "common/cuda/status.h"
#include "common/status/status_macros.h"

namespace cohort::rollout::cuda {

using cohort::cuda::DeviceBuffer;
using cohort::cuda::PinnedBuffer;
using cohort::cuda::ToStatus;

absl::StatusOr<std::unique_ptr<GpuSteps>> GpuSteps::Create(Decoder& decoder, const DecoderLimits& limits, cudaStream_t stream) {
  std::unique_ptr<GpuSteps> steps(new GpuSteps(decoder, limits, stream));
  COHORT_RETURN_IF_ERROR(steps->Allocate());
  return steps;
}

absl::Status GpuSteps::Allocate() {
  const int64_t batch = limits_.max_batch, stride = decoder_.table_stride(), tokens = 3 * limits_.prefill_tokens;
  const int64_t spans = limits_.prefill_tokens / kPrefillTile + 2 * batch;
  for (Staging& staging : staging_) {
    COHORT_ASSIGN_OR_RETURN(staging.updates, PinnedBuffer<RowUpdate>::Allocate(batch, "row updates"));
    COHORT_ASSIGN_OR_RETURN(staging.update_tables, PinnedBuffer<int32_t>::Allocate(batch * stride, "page tables"));
    COHORT_ASSIGN_OR_RETURN(staging.copies, PinnedBuffer<int2>::Allocate(batch, "page copies"));
    COHORT_ASSIGN_OR_RETURN(staging.prompt_tokens, PinnedBuffer<int32_t>::Allocate(tokens, "prompts"));
    COHORT_ASSIGN_OR_RETURN(staging.prompt_tables, PinnedBuffer<int32_t>::Allocate(batch * stride, "page tables"));
    COHORT_ASSIGN_OR_RETURN(staging.spans, PinnedBuffer<PrefillSpan>::Allocate(spans, "prompts"));
    COHORT_ASSIGN_OR_RETURN(staging.results, PinnedBuffer<RowResult>::Allocate(batch, "results"));
    COHORT_ASSIGN_OR_RETURN(staging.done, cohort::cuda::MakeEvent(/*sleep=*/true));
  }
  COHORT_ASSIGN_OR_RETURN(updates_, DeviceBuffer<RowUpdate>::Allocate(batch, "row updates"));
  COHORT_ASSIGN_OR_RETURN(update_tables_, DeviceBuffer<int32_t>::Allocate(batch * stride, "page tables"));
  COHORT_ASSIGN_OR_RETURN(copies_, DeviceBuffer<int2>::Allocate(batch, "page copies"));
  COHORT_ASSIGN_OR_RETURN(prompt_tokens_, DeviceBuffer<int32_t>::Allocate(tokens, "prompts"));
  COHORT_ASSIGN_OR_RETURN(prompt_tables_, DeviceBuffer<int32_t>::Allocate(batch * stride, "page tables"));
  COHORT_ASSIGN_OR_RETURN(spans_, DeviceBuffer<PrefillSpan>::Allocate(spans, "prompts"));
  return absl::OkStatus();
}

template <typename T>
absl::Status GpuSteps::ToDevice(const DeviceBuffer<T>& to, const PinnedBuffer<T>& from, int64_t count) {
  return ToStatus(cudaMemcpyAsync(to.data(), from.data(), count * sizeof(T), cudaMemcpyHostToDevice, stream_), "copying to the GPU");
}

PrefillBatch GpuSteps::Pack(const std::vector<PrefillPiece>& pieces, Staging& staging) const {
  const int64_t most = limits_.prefill_tokens, stride = decoder_.table_stride();
  PrefillBatch batch;
  for (int table = 0; table < static_cast<int>(pieces.size()); ++table) {
    const PrefillPiece& piece = pieces[table];
    std::copy(piece.pages().begin(), piece.pages().end(), staging.prompt_tables.data() + table * stride);
    for (int64_t tile = piece.begin; tile < piece.end; tile += kPrefillTile) {
      staging.spans[batch.tiles++] = {static_cast<int32_t>(batch.tokens + tile - piece.begin),
                                      static_cast<int32_t>(std::min<int64_t>(kPrefillTile, piece.end - tile)), static_cast<int32_t>(tile), table};
    }
    for (int64_t at = piece.begin; at < piece.end; ++at, ++batch.tokens) {
      staging.prompt_tokens[batch.tokens] = piece.TokenAt(at);
      staging.prompt_tokens[most + batch.tokens] = static_cast<int32_t>(at);
      staging.prompt_tokens[2 * most + batch.tokens] = table;
    }
  }
  return batch;
}

absl::Status GpuSteps::Prefill(int turn, const std::vector<PrefillPiece>& pieces) {
  Staging& staging = staging_[turn];
  const int64_t most = limits_.prefill_tokens;
  const int stride = decoder_.table_stride();
  PrefillBatch batch = Pack(pieces, staging);
  COHORT_RETURN_IF_ERROR(ToDevice(prompt_tokens_, staging.prompt_tokens, 3 * most));
  COHORT_RETURN_IF_ERROR(ToDevice(prompt_tables_, staging.prompt_tables, static_cast<int64_t>(pieces.size()) * stride));
  COHORT_RETURN_IF_ERROR(ToDevice(spans_, staging.spans, batch.tiles));
  batch.ids = prompt_tokens_.data();
  batch.positions = prompt_tokens_.data() + most;
  batch.table_of_token = prompt_tokens_.data() + 2 * most;
  batch.spans = spans_.data();
  batch.tables = {prompt_tables_.data(), stride};
  return decoder_.Prefill(batch);
}

absl::Status GpuSteps::UpdateRows(int turn, const std::vector<PendingUpdate>& updates, const std::vector<PageCopy>& copies) {
  Staging& staging = staging_[turn];
  const int stride = decoder_.table_stride(), count = static_cast<int>(updates.size());
  for (int i = 0; i < count; ++i) {
    staging.updates[i] = updates[i].update;
    if (updates[i].pages == nullptr) continue;
    std::copy(updates[i].pages->begin(), updates[i].pages->end(), staging.update_tables.data() + int64_t{i} * stride);
  }
  COHORT_RETURN_IF_ERROR(ToDevice(updates_, staging.updates, count));
  COHORT_RETURN_IF_ERROR(ToDevice(update_tables_, staging.update_tables, int64_t{count} * stride));
  ApplyRowUpdates(updates_.data(), count, update_tables_.data(), stride, decoder_.rows(), decoder_.tables(), stream_);
  COHORT_RETURN_IF_ERROR(cohort::cuda::LaunchStatus("updating rows"));
  if (copies.empty()) return absl::OkStatus();
  for (size_t i = 0; i < copies.size(); ++i) staging.copies[i] = {copies[i].from, copies[i].to};
  COHORT_RETURN_IF_ERROR(ToDevice(copies_, staging.copies, static_cast<int64_t>(copies.size())));
  return decoder_.CopyPages(copies_.data(), static_cast<int>(copies.size()));
}

absl::Status GpuSteps::Decode(int turn, int rows, bool truncates) {
  COHORT_RETURN_IF_ERROR(decoder_.Decode(rows, truncates));
  return ToStatus(cudaMemcpyAsync(staging_[turn].results.data(), decoder_.results(), rows * sizeof(RowResult), cudaMemcpyDeviceToHost, stream_),
                  "copying results from the GPU");
}

absl::Status GpuSteps::Finish(int turn) { return ToStatus(cudaEventRecord(staging_[turn].done.get(), stream_), "a step"); }

absl::StatusOr<const RowResult*> GpuSteps::WaitForResults(int turn) {
  COHORT_RETURN_IF_ERROR(ToStatus(cudaEventSynchronize(staging_[turn].done.get()), "a step on the GPU"));
  return staging_[turn].results.data();
}

}  // namespace cohort::rollout::cuda
