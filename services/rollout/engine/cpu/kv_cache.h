#pragma once

#include <cstdint>

#include "common/model/model_config.h"
#include "services/rollout/engine/cpu/aligned_buffer.h"
#include "services/rollout/engine/cpu/kernels.h"

namespace cohort::rollout::cpu {

constexpr int64_t kPageTokens = kLanes;

// Keys and values of all sequences in pages of 16 positions (all layers together), allocated once. Who holds which page is the Scheduler's business. For
// each layer and head a page holds the keys as [head_dim][16] and the values as [16][padded_dim].
//
// Not thread-safe, except that threads may write different positions and read at the same time.
class KvCache {
 public:
  KvCache(const model::ModelConfig& config, int64_t pages);

  // Copies everything from one page to another.
  void Copy(int32_t from, int32_t to);

  // Writes key and value (head_dim floats each) of one position.
  void Write(int32_t page, int64_t layer, int64_t head, int64_t position_in_page, const float* key, const float* value);

  const float* data() const { return data_.data(); }
  int64_t page_stride() const { return page_stride_; }
  int64_t offset(int64_t layer, int64_t head) const { return (layer * kv_heads_ + head) * block_; }
  int64_t padded_dim() const { return padded_dim_; }

 private:
  const int64_t kv_heads_;
  const int64_t head_dim_;
  const int64_t padded_dim_;
  const int64_t block_;        // Floats of one layer and head in a page: keys, then values.
  const int64_t page_stride_;
  AlignedBuffer data_;
};

}  // namespace cohort::rollout::cpu
