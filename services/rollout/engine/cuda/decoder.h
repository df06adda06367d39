#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/cuda/device.h"
#include "common/cuda/memory.h"
#include "common/cuda/stream.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/cuda/device_weights.h"
#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/matmul.h"

namespace cohort::rollout::cuda {

// What memory is taken for.
struct DecoderLimits {
  int max_batch = 0;              // Rows of a decode step, at most 1,024.
  int64_t max_context = 0;        // Positions.
  int64_t prefill_tokens = 0;     // Of one Prefill().
};

// A packed piece of prefill: pointers of the GPU. `spans` are tiles of at most kPrefillTile tokens.
struct PrefillBatch {
  int tokens = 0;
  int tiles = 0;
  const int32_t* ids = nullptr;
  const int32_t* positions = nullptr;
  const int32_t* table_of_token = nullptr;
  const PrefillSpan* spans = nullptr;
  PageTables tables;
};

// Forward passes of a dense decoder on one GPU: weights, cache, rows and graphs. Every call enqueues work on `stream` and returns. Not thread-safe.
class Decoder {
 public:
  // Takes all memory except that of the cache. INVALID_ARGUMENT for a model that the kernels do not compute, RESOURCE_EXHAUSTED without enough memory.
  static absl::StatusOr<std::unique_ptr<Decoder>> Create(const model::ModelConfig& config, const model::ArenaLayout& layout, const DecoderLimits& limits,
                                                         const cohort::cuda::DeviceInfo& device, cudaStream_t stream);

  // Bytes of keys and values in one page, all layers together.
  int64_t page_bytes() const;
  // Takes the cache's memory, once, and chooses the algorithms of the matrix products by timing them. Waits for the GPU.
  absl::Status Prepare(int64_t pages);

  DeviceWeights& weights() { return weights_; }
  DecodeRow* rows() const { return rows_.data(); }          // [max_batch], all empty at first.
  int32_t* tables() const { return tables_.data(); }        // [max_batch][table_stride()]
  int table_stride() const { return table_stride_; }
  RowResult* results() const { return results_.data(); }    // [max_batch], of the last Decode().

  // Rows that Decode(rows) computes: graphs exist for some sizes only.
  int BatchFor(int rows) const;
  // One token for each of the first `rows` rows that is not empty. `truncates`: some row has top_k, top_p or min_p.
  absl::Status Decode(int rows, bool truncates);
  // Keys and values of prompt tokens.
  absl::Status Prefill(const PrefillBatch& batch);
  // copies[i] = (from, to), on the GPU.
  absl::Status CopyPages(const int2* copies, int count);

 private:
  Decoder(const model::ModelConfig& config, const DecoderLimits& limits, const cohort::cuda::DeviceInfo& device, cudaStream_t stream);

  absl::Status Allocate(const model::ArenaLayout& layout);
  absl::Status TuneProducts(int rows);
  absl::Status EnqueueDecode(int rows, bool truncates);
  absl::StatusOr<cohort::cuda::GraphExec> Capture(int rows, bool truncates);
  // Everything of a layer behind attention: output projection to the sum that the next layer adds.
  absl::Status FinishLayer(const LayerWeights& layer, int64_t rows);
  QkvArgs QkvOf(int64_t layer, int64_t rows, const PageTables& tables) const;
  PagedCache CacheOf(int64_t layer) const;
  int FinestSplit(int rows) const;
  int MostPieces(int rows) const;

  const model::ModelConfig config_;
  const DecoderLimits limits_;
  const cohort::cuda::DeviceInfo device_;
  const cudaStream_t stream_;
  const int table_stride_;
  const float scale_;
  const Product qkv_product_;
  const Product o_product_;
  const Product gate_up_product_;
  const Product down_product_;
  const Product head_product_;
  std::vector<int> buckets_;
  std::unique_ptr<Matmul> matmul_;
  DeviceWeights weights_;
  int64_t pages_ = 0;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> cache_;
  cohort::cuda::DeviceBuffer<DecodeRow> rows_;
  cohort::cuda::DeviceBuffer<int32_t> tables_;
  cohort::cuda::DeviceBuffer<RowResult> results_;
  cohort::cuda::DeviceBuffer<int32_t> eos_;
  cohort::cuda::DeviceBuffer<float2> rope_;
  // Activations: [rows of the largest pass][width].
  cohort::cuda::DeviceBuffer<float> hidden_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> normed_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> qkv_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> attended_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> gate_up_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> inner_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> delta_;
  cohort::cuda::DeviceBuffer<float> logits_;
  // Scratch of attention and sampler.
  cohort::cuda::DeviceBuffer<int2> items_;
  cohort::cuda::DeviceBuffer<int32_t> item_count_;  // And the length of a piece.
  cohort::cuda::DeviceBuffer<float> partial_;
  cohort::cuda::DeviceBuffer<int32_t> arrived_;
  cohort::cuda::DeviceBuffer<float4> sample_tiles_;
  std::map<std::pair<int, bool>, cohort::cuda::GraphExec> graphs_;
};

}  // namespace cohort::rollout::cuda
