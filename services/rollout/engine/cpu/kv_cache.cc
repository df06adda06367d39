#include "services/rollout/engine/cpu/kv_cache.h"

#include <algorithm>

namespace cohort::rollout::cpu {

KvCache::KvCache(const model::ModelConfig& config, int64_t pages)
    : kv_heads_(config.num_kv_heads),
      head_dim_(config.head_dim),
      padded_dim_(RoundUpToLanes(config.head_dim)),
      block_(2 * padded_dim_ * kPageTokens),
      page_stride_(config.num_layers * kv_heads_ * block_),
      data_(pages * page_stride_) {}

void KvCache::Copy(int32_t from, int32_t to) { std::copy_n(data_.data() + from * page_stride_, page_stride_, data_.data() + to * page_stride_); }

void KvCache::Write(int32_t page, int64_t layer, int64_t head, int64_t position_in_page, const float* key, const float* value) {
  float* keys = data_.data() + page * page_stride_ + offset(layer, head);
  for (int64_t d = 0; d < head_dim_; ++d) keys[d * kPageTokens + position_in_page] = key[d];
  float* values = keys + padded_dim_ * kPageTokens;
  std::copy_n(value, head_dim_, values + position_in_page * padded_dim_);
}

}  // namespace cohort::rollout::cpu
