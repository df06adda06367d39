#pragma once

#include <nccl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/cuda/stream.h"
#include "common/sync/stop.h"

namespace cohort::nccl {

// One rank of a communicator, with a stream of its own. NCCL never blocks here: what is in progress is asked for, until a deadline or a stop, because NCCL
// does not notice the death of a peer. After an error the communicator can only be destroyed. One thread at a time; every call makes `gpu` the thread's
// current device.
class Communicator {
 public:
  // Waits until all `ranks` have come with the same `id` (NewCommunicatorId()). DEADLINE_EXCEEDED when one does not, CANCELLED after a stop; ending the
  // attempt may then take a second.
  static absl::StatusOr<std::unique_ptr<Communicator>> Form(const std::string& id, int ranks, int rank, int gpu, absl::Time deadline,
                                                            const sync::StopToken& stop);
  // Aborts what is in progress: half a second when a kernel waits for a peer.
  ~Communicator();

  // Broadcasts `bytes` of GPU memory from rank 0's `send` into the others' `receive`, in slices, and waits for it. Errors as Form().
  absl::Status Broadcast(const void* send, void* receive, int64_t bytes, absl::Time deadline, const sync::StopToken& stop);

 private:
  Communicator(int ranks, int gpu, cuda::Stream stream) : ranks_(ranks), gpu_(gpu), stream_(std::move(stream)) {}

  // Until NCCL has done on the host what it was asked for.
  absl::Status AwaitNccl(absl::string_view what, absl::Duration nap, absl::Time deadline, const sync::StopToken& stop);
  // Until the GPU has done it.
  absl::Status AwaitGpu(absl::string_view what, absl::Time deadline, const sync::StopToken& stop);

  const int ranks_;
  const int gpu_;
  const cuda::Stream stream_;
  cuda::Event done_;
  ncclComm_t comm_ = nullptr;
};

}  // namespace cohort::nccl
