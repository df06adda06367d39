#include "common/nccl/nccl_collectives.h"

#include <cuda_runtime_api.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/cuda/device.h"
#include "common/cuda/shared_memory.h"
#include "common/cuda/status.h"
#include "common/cuda/stream.h"
#include "common/nccl/communicator.h"
#include "common/nccl/library.h"
#include "common/status/status_macros.h"

namespace cohort::nccl {
namespace {

class NcclCollective final : public policy::Collective {
 public:
  explicit NcclCollective(std::unique_ptr<Communicator> communicator) : communicator_(std::move(communicator)) {}

  absl::Status Send(const void* data, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) override {
    return communicator_->Broadcast(data, nullptr, bytes, deadline, stop);
  }
  absl::Status Receive(void* data, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) override {
    return communicator_->Broadcast(nullptr, data, bytes, deadline, stop);
  }

 private:
  const std::unique_ptr<Communicator> communicator_;
};

class NcclCollectives final : public policy::CollectiveLibrary {
 public:
  NcclCollectives(std::string version, std::string place, int gpu, cuda::Stream stream, cuda::Event done)
      : version_(std::move(version)), place_(std::move(place)), gpu_(gpu), stream_(std::move(stream)), done_(std::move(done)) {}
  ~NcclCollectives() override { cudaSetDevice(gpu_); }

  std::string version() const override { return version_; }
  absl::StatusOr<std::string> NewCommunicatorId() override { return nccl::NewCommunicatorId(); }
  absl::StatusOr<std::unique_ptr<policy::Collective>> Form(const std::string& communicator_id, int ranks, int rank, absl::Time deadline,
                                                           const sync::StopToken& stop) override {
    COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> communicator, Communicator::Form(communicator_id, ranks, rank, gpu_, deadline, stop));
    return std::make_unique<NcclCollective>(std::move(communicator));
  }

  std::string place() const override { return place_; }
  absl::StatusOr<std::string> Share(const void* data) override {
    COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaSetDevice(gpu_), "selecting the GPU"));
    return cuda::ShareMemory(data);
  }
  absl::Status Copy(const std::string& shared, void* to, int64_t bytes, absl::Time deadline, const sync::StopToken& stop) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    constexpr char kWhat[] = "copying from the learner's memory";
    absl::MutexLock lock(&mutex_);
    COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaSetDevice(gpu_), kWhat));
    COHORT_ASSIGN_OR_RETURN(const void* const from, memory_.Open(shared));
    COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_.get()), kWhat));
    COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaEventRecord(done_.get(), stream_.get()), kWhat));
    for (;; absl::SleepFor(kNap)) {
      const cudaError_t error = cudaEventQuery(done_.get());
      if (error != cudaErrorNotReady) return cuda::ToStatus(error, kWhat);
      // What is under way ends by itself, and soon; nobody looks at it any more.
      if (stop.stop_requested()) return absl::CancelledError(absl::StrCat(kWhat, " was called off"));
      if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat(kWhat, " took too long"));
    }
  }

 private:
  static constexpr absl::Duration kNap = absl::Microseconds(50);

  const std::string version_;
  const std::string place_;
  const int gpu_;
  absl::Mutex mutex_;
  const cuda::Stream stream_ ABSL_GUARDED_BY(mutex_);  // Of copies.
  const cuda::Event done_ ABSL_GUARDED_BY(mutex_);
  cuda::SharedMemory memory_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::shared_ptr<policy::CollectiveLibrary>> MakeNcclCollectives(int gpu, bool shares) {
  COHORT_ASSIGN_OR_RETURN(std::string version, LibraryVersion());
  COHORT_RETURN_IF_ERROR(cuda::UseDevice(gpu).status());
  std::string place;
  if (shares) {
    COHORT_ASSIGN_OR_RETURN(place, cuda::DeviceIdentity(gpu));
  }
  COHORT_ASSIGN_OR_RETURN(cuda::Stream stream, cuda::MakeStream());
  COHORT_ASSIGN_OR_RETURN(cuda::Event done, cuda::MakeEvent(/*sleep=*/false));
  return std::make_shared<NcclCollectives>(std::move(version), std::move(place), gpu, std::move(stream), std::move(done));
}

}  // namespace cohort::nccl
