#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <utility>

namespace cohort::memory {

// Zeroed memory straight from the system, page-aligned, that is taken only once it is touched, by huge pages where there are any. Moves, does not copy.
class ZeroedPages {
 public:
  ZeroedPages() = default;
  // bad_alloc when the system has not so much.
  explicit ZeroedPages(int64_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    madvise(pages, bytes, MADV_HUGEPAGE);
    data_ = static_cast<char*>(pages);
  }
  ZeroedPages(ZeroedPages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ZeroedPages& operator=(ZeroedPages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~ZeroedPages() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }

  char* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

 private:
  char* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace cohort::memory
