#include "common/nccl/communicator.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/cuda/status.h"
#include "common/nccl/status.h"
#include "common/status/status_macros.h"

namespace cohort::nccl {
namespace {

constexpr int64_t kSliceBytes = int64_t{256} << 20;
// Between two looks. A thread that is woken this often costs a few per cent of a core, and a broadcast takes milliseconds.
constexpr absl::Duration kFormNap = absl::Milliseconds(1);
constexpr absl::Duration kBroadcastNap = absl::Microseconds(50);

absl::Status Overdue(absl::string_view what, absl::Time deadline, const sync::StopToken& stop) {
  if (stop.stop_requested()) return absl::CancelledError(absl::StrCat(what, " was called off"));
  if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat(what, " took too long: a peer does not take part"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Communicator>> Communicator::Form(const std::string& id, int ranks, int rank, int gpu, absl::Time deadline,
                                                                 const sync::StopToken& stop) {
  constexpr char kWhat[] = "forming a communicator";
  ncclUniqueId unique_id;
  if (id.size() != sizeof(unique_id.internal)) return absl::InvalidArgumentError(absl::StrCat("a communicator's identity of ", id.size(), " bytes"));
  std::memcpy(unique_id.internal, id.data(), id.size());
  COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaSetDevice(gpu), absl::StrCat("selecting GPU ", gpu)));
  COHORT_ASSIGN_OR_RETURN(cuda::Stream stream, cuda::MakeStream());
  std::unique_ptr<Communicator> communicator(new Communicator(ranks, gpu, std::move(stream)));
  COHORT_ASSIGN_OR_RETURN(communicator->done_, cuda::MakeEvent(/*sleep=*/false));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  COHORT_RETURN_IF_ERROR(ToStatus(ncclCommInitRankConfig(&communicator->comm_, ranks, unique_id, rank, &config), kWhat));
  COHORT_RETURN_IF_ERROR(communicator->AwaitNccl(kWhat, kFormNap, deadline, stop));
  return communicator;
}

Communicator::~Communicator() {
  if (comm_ == nullptr) return;
  cudaSetDevice(gpu_);
  ncclCommAbort(comm_);
}

absl::Status Communicator::AwaitNccl(absl::string_view what, absl::Duration nap, absl::Time deadline, const sync::StopToken& stop) {
  for (;; absl::SleepFor(nap)) {
    ncclResult_t state = ncclSuccess;
    COHORT_RETURN_IF_ERROR(ToStatus(ncclCommGetAsyncError(comm_, &state), what));
    if (state == ncclSuccess) return absl::OkStatus();
    COHORT_RETURN_IF_ERROR(ToStatus(state, what));
    COHORT_RETURN_IF_ERROR(Overdue(what, deadline, stop));
  }
}

absl::Status Communicator::AwaitGpu(absl::string_view what, absl::Time deadline, const sync::StopToken& stop) {
  for (;; absl::SleepFor(kBroadcastNap)) {
    const cudaError_t error = cudaEventQuery(done_.get());
    if (error != cudaErrorNotReady) return cuda::ToStatus(error, what);
    ncclResult_t state = ncclSuccess;
    COHORT_RETURN_IF_ERROR(ToStatus(ncclCommGetAsyncError(comm_, &state), what));
    COHORT_RETURN_IF_ERROR(ToStatus(state, what));
    COHORT_RETURN_IF_ERROR(Overdue(what, deadline, stop));
  }
}

absl::Status Communicator::Broadcast(const void* send, void* receive, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) {
  const std::string what = absl::StrCat("a broadcast of ", bytes, " bytes to ", ranks_ - 1, " ranks");
  COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaSetDevice(gpu_), what));
  for (int64_t begin = 0; begin < bytes; begin += kSliceBytes) {
    COHORT_RETURN_IF_ERROR(Overdue(what, deadline, stop));
    const void* from = send == nullptr ? nullptr : static_cast<const char*>(send) + begin;
    void* to = receive == nullptr ? nullptr : static_cast<char*>(receive) + begin;
    if (from == nullptr) from = to;
    if (to == nullptr) to = const_cast<void*>(from);  // The root's own copy is where it is.
    const size_t length = static_cast<size_t>(std::min(kSliceBytes, bytes - begin));
    COHORT_RETURN_IF_ERROR(ToStatus(ncclBroadcast(from, to, length, ncclUint8, /*root=*/0, comm_, stream_.get()), what));
    COHORT_RETURN_IF_ERROR(AwaitNccl(what, kBroadcastNap, deadline, stop));
  }
  COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaEventRecord(done_.get(), stream_.get()), what));
  return AwaitGpu(what, deadline, stop);
}

}  // namespace cohort::nccl
