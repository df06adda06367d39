#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace cohort::learner {

// Floats, 64-byte aligned, whose memory is kept from one use to the next: the pages of activations are touched for the first time only once.
// Moves, does not copy.
class FloatBuffer {
 public:
  // At least `floats` of them, with undefined content.
  float* Resize(int64_t floats) {
    if (floats > capacity_) {
      data_.reset();
      const size_t bytes = static_cast<size_t>((floats * 4 + 63) / 64 * 64);
      data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
      if (data_ == nullptr) throw std::bad_alloc();
      capacity_ = floats;
    }
    return data_.get();
  }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float, Free> data_;
  int64_t capacity_ = 0;
};

}  // namespace cohort::learner
