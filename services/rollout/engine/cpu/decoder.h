#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/cpu/aligned_buffer.h"
#include "services/rollout/engine/cpu/kernels.h"
#include "services/rollout/engine/cpu/kv_cache.h"
#include "services/rollout/engine/cpu/packed_weights.h"
#include "services/rollout/engine/cpu/rope_table.h"
#include "services/rollout/engine/cpu/thread_pool.h"

namespace cohort::rollout::cpu {

// One token to push through the model.
struct DecoderRow {
  int32_t token = 0;
  int32_t position = 0;
  const int32_t* pages = nullptr;  // Of its sequence, up to the one that holds `position`.
  bool wants_logits = false;
};

// The decoder of every architecture that model::ArenaLayout knows, in fp32. Not thread-safe; works on the threads of `pool`.
class Decoder {
 public:
  // `pool` must outlive the decoder. `max_rows` bounds one Forward(), `max_context` the positions.
  Decoder(const model::ModelConfig& config, const model::ArenaLayout& layout, const Kernels& kernels, ThreadPool& pool, int64_t max_rows,
          int64_t max_context);

  void SetWeights(std::shared_ptr<const model::Arena> weights) { weights_.Pack(std::move(weights)); }

  // Writes keys and values of all rows into the cache and computes the logits that are wanted. A row attends to all positions up to its own; those
  // must be in the cache, or among the rows.
  void Forward(absl::Span<const DecoderRow> rows, KvCache& cache);

  // Logits of the i-th row that wanted some; valid until the next Forward(). Readable in whole lanes.
  const float* logits(int64_t i) const { return logits_.data() + i * vocab_stride_; }

 private:
  void Embed(absl::Span<const DecoderRow> rows);
  void Normalize(const AlignedBuffer& weight, int64_t rows);
  void Multiply(void (*kernel)(const GemmArgs&), const PackedLinear& linear, const AlignedBuffer& x, int64_t x_stride, AlignedBuffer& y,
                int64_t y_stride, int64_t rows);
  // RMSNorm of every query and key head, in place.
  void NormalizeHeads(int64_t rows, const PackedLayer& layer);
  void RotateAndStore(absl::Span<const DecoderRow> rows, int64_t layer, KvCache& cache);
  void Attend(absl::Span<const DecoderRow> rows, int64_t layer, const KvCache& cache);

  const model::ModelConfig config_;
  const Kernels& kernels_;
  ThreadPool& pool_;
  PackedWeights weights_;
  const RopeTable rope_;
  const int64_t hidden_stride_;   // All strides are whole lanes; what lies beyond the true width is zero.
  const int64_t qkv_stride_;
  const int64_t query_stride_;
  const int64_t inner_stride_;
  const int64_t vocab_stride_;
  const int64_t score_stride_;
  AlignedBuffer hidden_;          // The residual stream.
  AlignedBuffer normed_;
  AlignedBuffer qkv_;
  AlignedBuffer attention_;
  AlignedBuffer inner_;
  AlignedBuffer logits_;
  AlignedBuffer scores_;          // One piece of scratch for each thread.
  AlignedBuffer heads_;           // Two heads of scratch, in whole lanes, for each thread.
};

}  // namespace cohort::rollout::cpu
