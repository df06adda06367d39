#pragma once

#include <memory>
#include <string>

#include "common/policy/collective_root.h"
#include "tests/integration/policy/fake_collectives.h"
#include "tests/integration/policy/policy_fixture.h"

namespace cohort::policy {

inline constexpr int64_t kBytes = kElements * 4;
inline constexpr absl::Duration kTimeout = absl::Seconds(2);  // Of an epoch, and of a broadcast.
inline constexpr char kLearnersPlace[] = "GPU-0";

// A learner that broadcasts.
class BroadcastingLearner {
 public:
  explicit BroadcastingLearner(FakeCollectives& world) : root_(MakeOptions(world)), publisher_(/*incarnation=*/1, /*max_staleness=*/0, &root_) {
    auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {publisher_.service()}});
    EXPECT_OK(server);
    server_ = *std::move(server);
  }
  ~BroadcastingLearner() {
    publisher_.Shutdown();
    server_->Shutdown(absl::Now() + absl::Seconds(5));
  }

  CollectiveRoot& root() { return root_; }
  PolicyPublisher* operator->() { return &publisher_; }
  std::string address() const { return server_->address(); }
  std::shared_ptr<grpc::Channel> Connect() const { return rpc::Connect(server_->address()); }
  // Whether so many workers form the epoch that stands.
  bool HasMembers(int members) {
    return Eventually([&] { return root_.counts().members == members; });
  }

 private:
  static CollectiveRoot::Options MakeOptions(FakeCollectives& world) {
    CollectiveRoot::Options options;
    options.library = world.Library("2.28.9", kLearnersPlace);
    options.size_bytes = kBytes;
    options.timeout = kTimeout;
    options.membership.gather = absl::Milliseconds(30);
    return options;
  }

  CollectiveRoot root_;
  PolicyPublisher publisher_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace cohort::policy
