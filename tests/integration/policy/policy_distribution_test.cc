// The learner's publisher and the workers' subscribers over real loopback servers.
#include <optional>

#include "absl/synchronization/notification.h"
#include "common/policy/grpc_policy_transport.h"
#include "common/sync/thread.h"
#include "gmock/gmock.h"
#include "proto/cohort/learner/v1/policy_service.grpc.pb.h"
#include "tests/integration/policy/policy_fixture.h"

namespace cohort::policy {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;

PolicySubscriber::Options Worker(const std::string& name = "worker") { return {.worker_id = name, .arena_elements = kElements}; }

// A transport that lets a test see and hold back each transfer.
class HeldTransport final : public PolicyTransport {
 public:
  explicit HeldTransport(std::function<void(int64_t version, const sync::StopToken& stop)> on_fetch) : on_fetch_(std::move(on_fetch)) {}

  absl::Status Fetch(const PolicyAnnouncement& announcement, absl::Span<char> into, const sync::StopToken& stop, absl::Time) override {
    on_fetch_(announcement.version, stop);
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    const auto weights = Weights(static_cast<int>(announcement.version));
    std::copy(weights->bytes().begin(), weights->bytes().end(), into.begin());
    return absl::OkStatus();
  }

 private:
  const std::function<void(int64_t version, const sync::StopToken& stop)> on_fetch_;
};

TEST(PolicyDistributionTest, VersionArrivesWholeWithItsNames) {
  Learner learner(/*incarnation=*/7);
  PolicySubscriber worker(learner.Connect(), Worker());
  const auto weights = Weights(1);
  learner->Publish(3, weights);
  ASSERT_OK_AND_ASSIGN(const auto snapshot, worker.WaitFor(IsVersion(3), Soon()));
  EXPECT_EQ(snapshot->incarnation, 7);
  EXPECT_TRUE(SameBytes(*snapshot->weights, *weights));
  EXPECT_EQ(worker.Latest(), snapshot);
  EXPECT_EQ(learner->bytes_sent(), kElements * 4);
}

TEST(PolicyDistributionTest, ALearnerOnAGpuHandsOutHalfTheBytes) {
  Learner learner(1);
  PolicySubscriber worker(learner.Connect(), Worker());
  auto rounded = std::make_shared<model::Arena>(kElements, model::DType::kBfloat16);
  model::Convert(*Weights(1), *rounded);
  learner->Publish(1, rounded);
  ASSERT_OK_AND_ASSIGN(const auto snapshot, worker.WaitFor(IsVersion(1), Soon()));
  EXPECT_EQ(snapshot->weights->dtype(), model::DType::kBfloat16);
  EXPECT_TRUE(SameBytes(*snapshot->weights, *rounded));
  EXPECT_EQ(learner->bytes_sent(), kElements * 2);
}

TEST(PolicyDistributionTest, LateJoinerGetsTheCurrentVersionAndTakesPart) {
  Learner learner(1);
  learner->Publish(0, Weights(0));
  learner->Publish(1, Weights(1));
  PolicySubscriber worker(learner.Connect(), Worker("late"));
  EXPECT_OK(worker.WaitFor(IsVersion(1), Soon()));
  learner->Publish(2, Weights(2));
  EXPECT_OK(worker.WaitFor(IsVersion(2), Soon()));
}

TEST(PolicyDistributionTest, SeveralWorkersGetEveryVersionTheyWaitFor) {
  Learner learner(1);
  PolicySubscriber first(learner.Connect(), Worker("first")), second(learner.Connect(), Worker("second"));
  for (int version = 0; version < 4; ++version) {
    learner->Publish(version, Weights(version));
    for (PolicySubscriber* worker : {&first, &second}) {
      ASSERT_OK_AND_ASSIGN(const auto snapshot, worker->WaitFor(IsVersion(version), Soon()));
      EXPECT_TRUE(SameBytes(*snapshot->weights, *Weights(version)));
    }
  }
}

TEST(PolicyDistributionTest, WorkerIsConnectedBeforeAnythingIsPublishedAndCountedWhileItLives) {
  Learner learner(1);
  {
    PolicySubscriber worker(learner.Connect(), Worker());
    EXPECT_TRUE(Eventually([&] { return worker.connected(); }));
    EXPECT_TRUE(Eventually([&] { return learner->subscribers() == 1; }));
    EXPECT_EQ(worker.Latest(), nullptr);
  }
  EXPECT_TRUE(Eventually([&] { return learner->subscribers() == 0; }));
}

TEST(PolicyDistributionTest, SlowWorkerSkipsVersionsButNotTheLatest) {
  Learner learner(1);
  sync::BoundedQueue<int64_t> fetched(10);
  absl::Notification release;
  PolicySubscriber::Options options = Worker("slow");
  options.transport = std::make_unique<HeldTransport>([&](int64_t version, const sync::StopToken&) {
    EXPECT_OK(fetched.Push(version, Soon()));
    release.WaitForNotification();
  });
  PolicySubscriber worker(learner.Connect(), std::move(options));
  learner->Publish(1, Weights(1));
  EXPECT_THAT(fetched.Pop(Soon()), cohort::testing::IsOkAndHolds(1));
  for (int version = 2; version <= 5; ++version) learner->Publish(version, Weights(version));
  // A second worker proves that nobody waits for the slow one, and that version 5 was announced.
  PolicySubscriber quick(learner.Connect(), Worker("quick"));
  EXPECT_OK(quick.WaitFor(IsVersion(5), Soon()));
  absl::SleepFor(absl::Milliseconds(50));
  release.Notify();
  EXPECT_OK(worker.WaitFor(IsVersion(5), Soon()));
  EXPECT_THAT(fetched.Pop(Soon()), cohort::testing::IsOkAndHolds(5));
  EXPECT_EQ(fetched.size(), 0);
}

TEST(PolicyDistributionTest, EveryTransferIsToldWithItsSize) {
  Learner learner(1);
  sync::BoundedQueue<int64_t> sizes(10);
  PolicySubscriber::Options options = Worker();
  options.on_fetched = [&](int64_t bytes, absl::Duration took) {
    EXPECT_GE(took, absl::ZeroDuration());
    EXPECT_OK(sizes.Push(bytes, Soon()));
  };
  PolicySubscriber worker(learner.Connect(), std::move(options));
  learner->Publish(1, Weights(1));
  ASSERT_OK(worker.WaitFor(IsVersion(1), Soon()));
  EXPECT_THAT(sizes.Pop(Soon()), cohort::testing::IsOkAndHolds(kElements * 4));
  EXPECT_EQ(sizes.size(), 0);
}

TEST(PolicyDistributionTest, RestartedLearnerOnTheSamePortIsFollowedUnderItsNewIncarnationWithoutATransfer) {
  std::optional<Learner> learner(std::in_place, 1);
  const std::string address = learner->address();
  (*learner)->Publish(4, Weights(4));
  PolicySubscriber worker(learner->Connect(), Worker());
  ASSERT_OK_AND_ASSIGN(const auto before, worker.WaitFor(IsVersion(4), Soon()));
  learner.reset();
  EXPECT_TRUE(Eventually([&] { return !worker.connected(); }));
  EXPECT_EQ(worker.Latest(), before) << "the weights stay while the learner is away";

  learner.emplace(2, address);
  (*learner)->Publish(4, Weights(4));
  ASSERT_OK_AND_ASSIGN(const auto after, worker.WaitFor([](const PolicySnapshot& snapshot) { return snapshot.incarnation == 2; }, Soon()));
  EXPECT_EQ(after->version, 4);
  EXPECT_EQ(after->weights, before->weights);
  EXPECT_EQ((*learner)->bytes_sent(), 0);
}

TEST(PolicyDistributionTest, RestartedLearnerThatWentBackToItsCheckpointReplacesTheWeights) {
  std::optional<Learner> learner(std::in_place, 1);
  const std::string address = learner->address();
  (*learner)->Publish(9, Weights(9));
  PolicySubscriber worker(learner->Connect(), Worker());
  ASSERT_OK(worker.WaitFor(IsVersion(9), Soon()));
  learner.reset();
  learner.emplace(2, address);
  (*learner)->Publish(6, Weights(6));
  ASSERT_OK_AND_ASSIGN(const auto after, worker.WaitFor(IsVersion(6), Soon()));
  EXPECT_TRUE(SameBytes(*after->weights, *Weights(6)));
}

TEST(PolicyDistributionTest, CurrentAndPreviousVersionCanBeFetchedAndOlderOnesAreGone) {
  Learner learner(1);
  for (int version = 0; version < 3; ++version) learner->Publish(version, Weights(version));
  GrpcPolicyTransport transport(learner.Connect());
  model::Arena arena(kElements);
  const auto fetch = [&](int64_t version, int64_t incarnation) {
    return transport.Fetch({.incarnation = incarnation, .version = version, .size_bytes = kElements * 4}, arena.bytes(), sync::StopToken(), Soon());
  };
  EXPECT_OK(fetch(2, 1));
  EXPECT_TRUE(SameBytes(arena, *Weights(2)));
  EXPECT_OK(fetch(1, 1));
  EXPECT_TRUE(SameBytes(arena, *Weights(1)));
  EXPECT_THAT(fetch(0, 1), ::testing::AllOf(StatusIs(absl::StatusCode::kNotFound), cohort::testing::HasReason("VERSION_GONE")));
  EXPECT_THAT(fetch(2, 9), StatusIs(absl::StatusCode::kNotFound));
}

TEST(PolicyDistributionTest, WeightsOfAnotherModelAreRefusedWithBothSizes) {
  Learner learner(1);
  sync::BoundedQueue<std::string> errors(10);
  PolicySubscriber::Options options = Worker();
  options.on_error = [&](const std::string& message) { errors.TryPush(std::string(message)); };
  PolicySubscriber worker(learner.Connect(), std::move(options));
  learner->Publish(0, Weights(0, kElements + 1));
  ASSERT_OK_AND_ASSIGN(const std::string error, errors.Pop(Soon()));
  EXPECT_THAT(error, HasSubstr("3200008 bytes"));
  EXPECT_THAT(error, HasSubstr("3200004"));
  EXPECT_EQ(worker.Latest(), nullptr);
  learner->Publish(1, Weights(1));
  EXPECT_OK(worker.WaitFor(IsVersion(1), Soon()));
}

TEST(PolicyDistributionTest, WaitForEndsAtItsDeadlineAndSaysWhatIsThere) {
  Learner learner(1);
  learner->Publish(2, Weights(2));
  PolicySubscriber worker(learner.Connect(), Worker());
  ASSERT_OK(worker.WaitFor(IsVersion(2), Soon()));
  EXPECT_THAT(worker.WaitFor(IsVersion(3), absl::Now() + absl::Milliseconds(30)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("the latest is 2")));
}

TEST(PolicyDistributionTest, StopEndsAWaitAndATransferInProgress) {
  Learner learner(1);
  learner->Publish(0, Weights(0));
  absl::Notification fetching;
  PolicySubscriber::Options options = Worker();
  options.transport = std::make_unique<HeldTransport>([&](int64_t, const sync::StopToken& stop) {
    fetching.Notify();
    stop.WaitUntil(Soon());
  });
  PolicySubscriber worker(learner.Connect(), std::move(options));
  fetching.WaitForNotification();
  sync::Thread stopper("stopper", [&] { worker.Stop(); });
  EXPECT_THAT(worker.WaitFor(IsVersion(0), Soon()), StatusIs(absl::StatusCode::kCancelled));
}

TEST(PolicyDistributionTest, ShutdownEndsTheStreamsAndRefusesNewOnes) {
  Learner learner(1);
  PolicySubscriber worker(learner.Connect(), Worker());
  ASSERT_TRUE(Eventually([&] { return worker.connected(); }));
  learner->Shutdown();
  EXPECT_TRUE(Eventually([&] { return !worker.connected(); }));
  const auto stub = learner::v1::PolicyService::NewStub(learner.Connect());
  grpc::ClientContext context;
  rpc::SetDeadline(context, Soon());
  const auto reader = stub->SubscribePolicy(&context, {});
  learner::v1::SubscribePolicyResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(PolicyDistributionTest, UnreachableLearnerIsReportedOnceAndFoundLater) {
  std::string address;
  { address = Learner(1).address(); }
  sync::BoundedQueue<std::string> errors(100);
  PolicySubscriber::Options options = Worker();
  options.on_error = [&](const std::string& message) { errors.TryPush(std::string(message)); };
  PolicySubscriber worker(rpc::Connect(address), std::move(options));
  EXPECT_OK(errors.Pop(Soon()));
  absl::SleepFor(absl::Milliseconds(150));
  EXPECT_EQ(errors.size(), 0) << "one message for one outage";
  Learner learner(1, address);
  learner->Publish(0, Weights(0));
  EXPECT_OK(worker.WaitFor(IsVersion(0), Soon()));
}

TEST(PolicyPublisherDeathTest, VersionsOnlyGrow) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  PolicyPublisher publisher(1);
  publisher.Publish(2, Weights(2, 16));
  EXPECT_DEATH(publisher.Publish(2, Weights(3, 16)), "policy version 2 after 2");
}

}  // namespace
}  // namespace cohort::policy
