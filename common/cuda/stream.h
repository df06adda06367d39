#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <type_traits>

#include "absl/status/statusor.h"
#include "common/cuda/status.h"

namespace cohort::cuda {

// Owners of the runtime's handles: destroyed with the object, moved but not copied.
template <typename Handle, cudaError_t (*kDestroy)(Handle)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Handle get() const { return handle_.get(); }

 private:
  struct Destroy {
    void operator()(std::remove_pointer_t<Handle>* handle) const { kDestroy(handle); }
  };
  std::unique_ptr<std::remove_pointer_t<Handle>, Destroy> handle_;
};

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using Graph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;

// A stream that does not synchronise with the default stream.
absl::StatusOr<Stream> MakeStream();

// An event without timing. A thread that waits for it sleeps instead of spinning when `sleep` is set.
absl::StatusOr<Event> MakeEvent(bool sleep);

}  // namespace cohort::cuda
