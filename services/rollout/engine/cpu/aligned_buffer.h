#pragma once

#include <cstdint>

#include "common/memory/zeroed_pages.h"

namespace cohort::rollout::cpu {

// Zeroed floats, page-aligned, that take memory only once they are touched. Moves, does not copy. bad_alloc when the system has not so much.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t floats) : pages_(floats * static_cast<int64_t>(sizeof(float))) {}

  float* data() { return reinterpret_cast<float*>(pages_.data()); }
  const float* data() const { return reinterpret_cast<const float*>(pages_.data()); }
  int64_t size() const { return pages_.bytes() / static_cast<int64_t>(sizeof(float)); }

 private:
  memory::ZeroedPages pages_;
};

}  // namespace cohort::rollout::cpu
