#include "common/cuda/stream.h"

#include "common/status/status_macros.h"

namespace cohort::cuda {

absl::StatusOr<Stream> MakeStream() {
  cudaStream_t stream = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream"));
  return Stream(stream);
}

absl::StatusOr<Event> MakeEvent(bool sleep) {
  cudaEvent_t event = nullptr;
  const unsigned flags = cudaEventDisableTiming | (sleep ? cudaEventBlockingSync : 0u);
  COHORT_RETURN_IF_ERROR(ToStatus(cudaEventCreateWithFlags(&event, flags), "making an event"));
  return Event(event);
}

}  // namespace cohort::cuda
