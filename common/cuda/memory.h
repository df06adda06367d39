#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/cuda/status.h"

namespace cohort::cuda {

// Memory of the current device (DeviceBuffer) or page-locked memory of the host (PinnedBuffer) for `count` elements, freed with the object. Not
// initialised. Moves, does not copy; not thread-safe.
template <typename T, bool kPinned>
class Buffer {
 public:
  Buffer() = default;

  // RESOURCE_EXHAUSTED names `what` when there is not enough.
  static absl::StatusOr<Buffer> Allocate(int64_t count, absl::string_view what) {
    Buffer buffer;
    void* data = nullptr;
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    if (bytes > 0) {
      const cudaError_t error = kPinned ? cudaMallocHost(&data, bytes) : cudaMalloc(&data, bytes);
      if (error != cudaSuccess) {
        cudaGetLastError();
        return ToStatus(error, absl::StrCat(bytes >> 20, " MiB of ", kPinned ? "page-locked host" : "GPU", " memory for ", what));
      }
    }
    buffer.data_.reset(static_cast<T*>(data));
    buffer.size_ = count;
    return buffer;
  }

  T* data() const { return data_.get(); }
  int64_t size() const { return size_; }
  int64_t bytes() const { return size_ * static_cast<int64_t>(sizeof(T)); }
  T& operator[](int64_t index) const
    requires kPinned
  {
    return data_.get()[index];
  }

 private:
  struct Free {
    void operator()(T* data) const { kPinned ? cudaFreeHost(data) : cudaFree(data); }
  };
  std::unique_ptr<T, Free> data_;
  int64_t size_ = 0;
};

template <typename T>
using DeviceBuffer = Buffer<T, false>;
template <typename T>
using PinnedBuffer = Buffer<T, true>;

}  // namespace cohort::cuda
