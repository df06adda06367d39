#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "tests/unit/services/rollout/engine/cuda/kernels/device_data.h"

namespace cohort::rollout::cuda::testing {

// Random keys and values of several sequences in a paged cache whose pages lie in no order, and attention over them by the formula.
class PagedContext {
 public:
  PagedContext(std::vector<int> contexts, int kv_heads, int head_dim, uint64_t seed) : kv_heads_(kv_heads), head_dim_(head_dim) {
    random::Stream stream(seed, 0);
    for (const int context : contexts) stride_ = std::max(stride_, (context + kPageTokens - 1) / kPageTokens);
    const int sequences = static_cast<int>(contexts.size()), pages = sequences * stride_ + 1;
    std::vector<int32_t> order(pages);
    for (int p = 0; p < pages; ++p) order[p] = p;
    for (int p = pages - 1; p > 0; --p) std::swap(order[p], order[stream.NextBelow(p + 1)]);
    table_.assign(order.begin(), order.begin() + sequences * stride_);
    data_ = RandomBf16(int64_t{2} * pages * kv_heads * kPageTokens * head_dim, 1, stream);
    // What lies behind a context must not matter.
    for (int s = 0; s < sequences; ++s) {
      for (int position = contexts[s]; position < stride_ * kPageTokens; ++position) {
        for (int head = 0; head < 2 * kv_heads; ++head) {
          std::fill_n(data_.begin() + Index(s, position, head / kv_heads, head % kv_heads), head_dim, __float2bfloat16_rn(NAN));
        }
      }
    }
    device_data_ = Upload(data_);
    device_table_ = Upload(table_);
  }

  PagedCache cache() const { return {device_data_.data(), kv_heads_, head_dim_}; }
  PageTables tables() const { return {device_table_.data(), stride_}; }
  std::vector<__nv_bfloat16> Data() const { return Download(device_data_); }

  // Index into the cache of a position's key (value: 1) in head `head`.
  int64_t Index(int sequence, int position, int value, int head) const {
    const int64_t page = table_[sequence * stride_ + position / kPageTokens];
    return (((page * 2 + value) * kv_heads_ + head) * kPageTokens + position % kPageTokens) * head_dim_;
  }

  // softmax(scale · query · keys) · values over the first `context` positions, appended to `out`.
  void Attend(const __nv_bfloat16* query, int sequence, int kv_head, int context, double scale, std::vector<double>& out) const {
    std::vector<double> scores(context), result(head_dim_);
    double largest = -INFINITY, total = 0;
    for (int p = 0; p < context; ++p) {
      const __nv_bfloat16* key = &data_[Index(sequence, p, 0, kv_head)];
      for (int c = 0; c < head_dim_; ++c) scores[p] += double{__bfloat162float(query[c])} * __bfloat162float(key[c]);
      scores[p] *= scale;
      largest = std::max(largest, scores[p]);
    }
    for (double& score : scores) total += score = std::exp(score - largest);
    for (int p = 0; p < context; ++p) {
      const __nv_bfloat16* value = &data_[Index(sequence, p, 1, kv_head)];
      for (int c = 0; c < head_dim_; ++c) result[c] += scores[p] / total * __bfloat162float(value[c]);
    }
    out.insert(out.end(), result.begin(), result.end());
  }

 private:
  const int kv_heads_;
  const int head_dim_;
  int stride_ = 1;
  std::vector<int32_t> table_;
  std::vector<__nv_bfloat16> data_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> device_data_;
  cohort::cuda::DeviceBuffer<int32_t> device_table_;
};

}  // namespace cohort::rollout::cuda::testing
