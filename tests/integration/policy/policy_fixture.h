#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/policy/policy_publisher.h"
#include "common/policy/policy_subscriber.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/sync/bounded_queue.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::policy {

// More than three slices of 1 MiB, and not a whole number of them.
inline constexpr int64_t kElements = 800'001;

inline absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

// Weights that differ for each seed in every element.
inline std::shared_ptr<const model::Arena> Weights(int seed, int64_t elements = kElements) {
  auto arena = std::make_shared<model::Arena>(elements);
  for (int64_t i = 0; i < elements; ++i) arena->floats()[i] = static_cast<float>(seed) + static_cast<float>(i % 1000) * 1e-3f;
  return arena;
}

inline bool SameBytes(const model::Arena& a, const model::Arena& b) { return a.bytes() == b.bytes(); }

inline auto IsVersion(int64_t version) {
  return [version](const PolicySnapshot& snapshot) { return snapshot.version == version; };
}

// A learner as far as its policy goes: publisher and server. Ends as a learner does.
class Learner {
 public:
  explicit Learner(int64_t incarnation, const std::string& address = "127.0.0.1:0") : publisher_(incarnation) {
    auto server = rpc::Server::Start({.address = address, .services = {publisher_.service()}});
    EXPECT_OK(server);
    server_ = *std::move(server);
  }
  ~Learner() {
    publisher_.Shutdown();
    server_->Shutdown(absl::Now() + absl::Seconds(5));
  }
  PolicyPublisher* operator->() { return &publisher_; }
  std::string address() const { return server_->address(); }
  std::shared_ptr<grpc::Channel> Connect() const { return rpc::Connect(address()); }

 private:
  PolicyPublisher publisher_;
  std::unique_ptr<rpc::Server> server_;
};

// Waits until `condition` holds; false when it does not within 20 s.
template <typename Condition>
bool Eventually(Condition condition) {
  for (const absl::Time deadline = Soon(); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(2))) {
    if (condition()) return true;
  }
  return condition();
}

}  // namespace cohort::policy
