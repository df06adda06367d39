#include "tests/integration/policy/gpu/gpu_member.h"

#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/cuda/device.h"
#include "common/cuda/memory.h"
#include "common/nccl/nccl_collectives.h"
#include "common/policy/collective_member.h"
#include "common/policy/policy_subscriber.h"
#include "common/rpc/client.h"
#include "services/rollout/engine/cuda/second_arena.h"

namespace cohort::policy {
namespace {

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::exit(1);
}

// A second arena of which one version is spoilt.
class SpoiltSink final : public WeightSink {
 public:
  SpoiltSink(WeightSink& inner, int spoilt) : inner_(inner), spoilt_(spoilt) {}

  int64_t size_bytes() const override { return inner_.size_bytes(); }
  absl::StatusOr<void*> Begin() override {
    memory_ = OrDie(inner_.Begin());
    return memory_;
  }
  absl::StatusOr<uint32_t> Checksum() override {
    // Versions arrive one after the other from 1 on.
    if (++arrivals_ == spoilt_) cudaMemset(static_cast<char*>(memory_) + size_bytes() / 2, 0x55, 1);
    return inner_.Checksum();
  }
  int64_t Complete() override { return inner_.Complete(); }

 private:
  WeightSink& inner_;
  const int spoilt_;
  int arrivals_ = 0;
  void* memory_ = nullptr;
};

}  // namespace

std::vector<std::string> ToCommandLine(const MemberArguments& arguments) {
  return {"--member", arguments.learner, arguments.name, absl::StrCat(arguments.gpu), absl::StrCat(arguments.size_bytes),
          absl::StrCat(arguments.corrupt_version), arguments.shares ? "shares" : "ranks"};
}

MemberArguments FromCommandLine(int argc, char** argv) {
  MemberArguments arguments;
  if (argc != 8) std::exit(2);
  arguments.learner = argv[2];
  arguments.name = argv[3];
  if (!absl::SimpleAtoi(argv[4], &arguments.gpu) || !absl::SimpleAtoi(argv[5], &arguments.size_bytes) ||
      !absl::SimpleAtoi(argv[6], &arguments.corrupt_version)) {
    std::exit(2);
  }
  arguments.shares = std::string(argv[7]) == "shares";
  return arguments;
}

void RunMember(const MemberArguments& arguments) {
  OrDie(cuda::UseDevice(arguments.gpu));
  const auto memory = OrDie(cuda::DeviceBuffer<char>::Allocate(arguments.size_bytes, "a second arena"));
  const auto arena = OrDie(rollout::cuda::SecondArena::Create(memory.data(), arguments.size_bytes, arguments.gpu));
  SpoiltSink sink(*arena, static_cast<int>(arguments.corrupt_version));

  PolicySubscriber::Options subscription;
  subscription.worker_id = arguments.name;
  subscription.arena_elements = arguments.size_bytes / 2;
  PolicySubscriber subscriber(rpc::Connect(arguments.learner), std::move(subscription));
  CollectiveMember::Options membership;
  membership.worker_id = arguments.name;
  membership.library = OrDie(nccl::MakeNcclCollectives(arguments.gpu, arguments.shares));
  membership.sink = &sink;
  membership.on_arrival = [&](const PolicyAnnouncement& announcement, int64_t ticket, absl::Duration) { subscriber.Arrived(announcement, ticket); };
  const CollectiveMember member(rpc::Connect(arguments.learner), std::move(membership));
  for (std::shared_ptr<const PolicySnapshot> shown;;) {
    const auto next = subscriber.WaitFor([&](const PolicySnapshot& snapshot) { return &snapshot != shown.get(); }, absl::InfiniteFuture());
    shown = OrDie(next);
    std::printf("%lld %s\n", static_cast<long long>(shown->version), shown->weights == nullptr ? "broadcast" : "fetched");
    std::fflush(stdout);
  }
}

std::map<std::string, std::string> SharedGpuEnvironment(const std::string& name) {
  return {{"NCCL_HOSTID", absl::StrCat("test-", name)}, {"NCCL_NET", "Socket"}, {"NCCL_SOCKET_IFNAME", "lo"}};
}

}  // namespace cohort::policy
