#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace cohort::rollout::cpu {

// Zeroed floats, page-aligned, that take memory only once they are touched. Moves, does not copy. bad_alloc when the system has no address space left.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t floats) : size_(floats) {
    if (floats == 0) return;
    void* p = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    madvise(p, bytes(), MADV_HUGEPAGE);
    data_ = static_cast<float*>(p);
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    if (this != &other) {
      Free();
      data_ = other.data_;
      size_ = other.size_;
      other.data_ = nullptr;
      other.size_ = 0;
    }
    return *this;
  }
  ~AlignedBuffer() { Free(); }

  float* data() { return data_; }
  const float* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  int64_t bytes() const { return size_ * static_cast<int64_t>(sizeof(float)); }
  void Free() {
    if (data_ != nullptr) munmap(data_, bytes());
  }

  float* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace cohort::rollout::cpu
