#include "common/nccl/nccl_collectives.h"

#include <utility>

#include "common/cuda/device.h"
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
  NcclCollectives(std::string version, int gpu) : version_(std::move(version)), gpu_(gpu) {}

  std::string version() const override { return version_; }
  absl::StatusOr<std::string> NewCommunicatorId() override { return nccl::NewCommunicatorId(); }
  absl::StatusOr<std::unique_ptr<policy::Collective>> Form(const std::string& communicator_id, int ranks, int rank, absl::Time deadline,
                                                           const sync::StopToken& stop) override {
    COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> communicator, Communicator::Form(communicator_id, ranks, rank, gpu_, deadline, stop));
    return std::make_unique<NcclCollective>(std::move(communicator));
  }

 private:
  const std::string version_;
  const int gpu_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<policy::CollectiveLibrary>> MakeNcclCollectives(int gpu) {
  COHORT_ASSIGN_OR_RETURN(std::string version, LibraryVersion());
  COHORT_RETURN_IF_ERROR(cuda::UseDevice(gpu).status());
  return std::make_shared<NcclCollectives>(std::move(version), gpu);
}

}  // namespace cohort::nccl
