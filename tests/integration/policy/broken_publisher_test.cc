// What a subscriber makes of a publisher that sends wrong bytes.
#include <atomic>

#include "common/io/crc32c.h"
#include "gmock/gmock.h"
#include "proto/cohort/learner/v1/policy_service.grpc.pb.h"
#include "tests/integration/policy/policy_fixture.h"

namespace cohort::policy {
namespace {

using ::testing::HasSubstr;
using learner::v1::FetchPolicyRequest;
using learner::v1::FetchPolicyResponse;
using learner::v1::SubscribePolicyRequest;
using learner::v1::SubscribePolicyResponse;

constexpr int64_t kSmall = 1000;  // Elements.

// Announces one version and spoils the first transfers of it.
class SpoilingService final : public learner::v1::PolicyService::Service {
 public:
  using Spoil = std::function<void(std::vector<FetchPolicyResponse>& slices)>;
  SpoilingService(int spoiled_transfers, Spoil spoil) : left_(spoiled_transfers), spoil_(std::move(spoil)) {}

  grpc::Status SubscribePolicy(grpc::ServerContext* context, const SubscribePolicyRequest*,
                               grpc::ServerWriter<SubscribePolicyResponse>* writer) override {
    SubscribePolicyResponse announcement;
    announcement.set_incarnation(1);
    announcement.set_size_bytes(kSmall * 4);
    announcement.set_crc32c(io::Crc32c(weights_->bytes()));
    writer->Write(announcement);
    while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    return grpc::Status::OK;
  }

  grpc::Status FetchPolicy(grpc::ServerContext*, const FetchPolicyRequest*, grpc::ServerWriter<FetchPolicyResponse>* writer) override {
    ++transfers_;
    std::vector<FetchPolicyResponse> slices(4);
    for (int i = 0; i < 4; ++i) {
      slices[i].set_offset(i * kSmall);
      slices[i].set_data(weights_->bytes().data() + i * kSmall, kSmall);
    }
    if (left_.fetch_sub(1) > 0) spoil_(slices);
    for (const FetchPolicyResponse& slice : slices) writer->Write(slice);
    return grpc::Status::OK;
  }

  int transfers() const { return transfers_; }
  const model::Arena& weights() const { return *weights_; }

 private:
  const std::shared_ptr<const model::Arena> weights_ = Weights(1, kSmall);
  std::atomic<int> left_;
  std::atomic<int> transfers_{0};
  const Spoil spoil_;
};

// The first error that a worker reports about transfers spoiled in this way; what it shows first must be
// the third transfer, which is whole.
std::string ErrorAbout(SpoilingService::Spoil spoil) {
  SpoilingService service(/*spoiled_transfers=*/2, std::move(spoil));
  auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {&service}});
  EXPECT_OK(server);
  sync::BoundedQueue<std::string> errors(10);
  std::string first;
  {
    PolicySubscriber worker(rpc::Connect((*server)->address()),
                            {.worker_id = "worker", .arena_elements = kSmall,
                             .on_error = [&](const std::string& message) { errors.TryPush(std::string(message)); }});
    const auto snapshot = worker.WaitFor(IsVersion(0), Soon());
    EXPECT_TRUE(snapshot.ok() && SameBytes(*(*snapshot)->weights, service.weights())) << snapshot.status();
    EXPECT_EQ(service.transfers(), 3);
    if (const auto error = errors.Pop(Soon()); error.ok()) first = *error;
  }
  (*server)->Shutdown(absl::Now() + absl::Seconds(5));
  return first;
}

TEST(BrokenPublisherTest, FlippedBitIsNeverShown) {
  EXPECT_THAT(ErrorAbout([](auto& slices) { (*slices[2].mutable_data())[17] ^= 1; }), HasSubstr("checksum"));
}

TEST(BrokenPublisherTest, TransferThatEndsEarlyIsNeverShown) {
  EXPECT_THAT(ErrorAbout([](auto& slices) { slices.pop_back(); }), HasSubstr("ended after 3000 of 4000 bytes"));
}

TEST(BrokenPublisherTest, SliceOutOfOrderIsNeverShown) {
  EXPECT_THAT(ErrorAbout([](auto& slices) { std::swap(slices[1], slices[2]); }), HasSubstr("a slice at 2000"));
}

TEST(BrokenPublisherTest, MoreBytesThanAnnouncedDoNotLeaveTheArena) {
  EXPECT_THAT(ErrorAbout([](auto& slices) {
                slices.push_back(slices[0]);
                slices.back().set_offset(4000);
              }),
              HasSubstr("a slice at 4000"));
}

}  // namespace
}  // namespace cohort::policy
