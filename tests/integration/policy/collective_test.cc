// The whole way of a broadcast, with real gRPC streams and a fake of NCCL: epochs, arrivals, and what happens when a member does not take part.
#include <atomic>
#include <optional>

#include "absl/synchronization/notification.h"
#include "common/policy/collective_member.h"
#include "gmock/gmock.h"
#include "tests/integration/policy/broadcasting_learner.h"

namespace cohort::policy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// In which a step of a run may be late after a member stops answering.
const absl::Duration kMostStall = kTimeout + absl::Seconds(2);

// A worker with a sink, as far as its policy goes.
class Worker {
 public:
  Worker(FakeCollectives& world, const BroadcastingLearner& learner, const std::string& name, const std::string& library = "2.28.9",
         const std::string& place = "") {
    PolicySubscriber::Options subscription{.worker_id = name, .arena_elements = kElements};
    subscription.on_error = [](const std::string&) {};
    subscriber_ = std::make_unique<PolicySubscriber>(learner.Connect(), std::move(subscription));
    channel_ = learner.Connect();
    options_.worker_id = name;
    options_.library = world.Library(library, place);
    options_.sink = &sink;
    options_.on_arrival = [this](const PolicyAnnouncement& announcement, int64_t ticket, absl::Duration) { subscriber_->Arrived(announcement, ticket); };
    options_.on_error = [this](const std::string& message) { errors.TryPush(std::string(message)); };
  }
  void Join() { member_ = std::make_unique<CollectiveMember>(channel_, options_); }
  void Leave() { member_.reset(); }

  // The version once it is shown; nullptr when it does not come in time.
  std::shared_ptr<const PolicySnapshot> Await(int64_t version, absl::Time deadline = Soon()) {
    auto snapshot = subscriber_->WaitFor(IsVersion(version), deadline);
    EXPECT_OK(snapshot);
    return snapshot.ok() ? *snapshot : nullptr;
  }
  // Whether the version came by a broadcast, with the right bytes.
  bool Receives(int64_t version) {
    const auto snapshot = Await(version);
    if (snapshot == nullptr || snapshot->weights != nullptr || snapshot->ticket == 0) return false;
    const auto weights = Weights(static_cast<int>(version));
    return absl::MakeConstSpan(sink.bytes()) == weights->bytes();
  }
  bool Fetches(int64_t version) {
    const auto snapshot = Await(version);
    return snapshot != nullptr && snapshot->weights != nullptr && SameBytes(*snapshot->weights, *Weights(static_cast<int>(version)));
  }

  HostSink sink{kBytes};
  sync::BoundedQueue<std::string> errors{100};

 private:
  std::shared_ptr<grpc::Channel> channel_;
  CollectiveMember::Options options_;
  std::unique_ptr<PolicySubscriber> subscriber_;
  std::unique_ptr<CollectiveMember> member_;
};

class CollectiveTest : public ::testing::Test {
 protected:
  void Publish(int64_t version) { learner_->Publish(version, Weights(static_cast<int>(version))); }

  FakeCollectives world_;
  BroadcastingLearner learner_{world_};
};

TEST_F(CollectiveTest, WorkersFetchWhatTheyFindAndReceiveWhatFollows) {
  Publish(0);
  Worker first(world_, learner_, "first"), second(world_, learner_, "second");
  first.Join();
  second.Join();
  EXPECT_TRUE(first.Fetches(0));
  EXPECT_TRUE(second.Fetches(0));
  ASSERT_TRUE(learner_.HasMembers(2));
  const int64_t sent = learner_->bytes_sent();
  for (int version = 1; version <= 3; ++version) {
    Publish(version);
    EXPECT_TRUE(first.Receives(version)) << version;
    EXPECT_TRUE(second.Receives(version)) << version;
  }
  EXPECT_EQ(learner_->bytes_sent(), sent) << "nothing goes over gRPC";
  EXPECT_TRUE(Eventually([&] { return learner_.root().counts().broadcasts == 3; }));
  EXPECT_EQ(learner_.root().counts().failures, 0);
}

TEST_F(CollectiveTest, WorkerWithoutASinkFetchesBesideTheBroadcast) {
  Worker member(world_, learner_, "member"), plain(world_, learner_, "plain");
  member.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  Publish(1);
  EXPECT_TRUE(member.Receives(1));
  EXPECT_TRUE(plain.Fetches(1));
}

TEST_F(CollectiveTest, JoinerAndLeaverEachMakeAnEpoch) {
  Worker first(world_, learner_, "first"), second(world_, learner_, "second");
  first.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  const int64_t epoch = learner_.root().counts().epoch;
  second.Join();
  ASSERT_TRUE(learner_.HasMembers(2));
  EXPECT_EQ(learner_.root().counts().epoch, epoch + 1);
  Publish(1);
  EXPECT_TRUE(first.Receives(1));
  EXPECT_TRUE(second.Receives(1));
  first.Leave();
  ASSERT_TRUE(learner_.HasMembers(1));
  Publish(2);
  EXPECT_TRUE(second.Receives(2));
  EXPECT_TRUE(first.Fetches(2)) << "it has left the collective, not the run";
}

TEST_F(CollectiveTest, MemberThatDiesInABroadcastDoesNotHoldUpTheOthers) {
  Worker lives(world_, learner_, "lives"), dies(world_, learner_, "dies");
  absl::Notification in_broadcast, let_go;
  dies.sink.on_begin = [&] {
    in_broadcast.Notify();
    let_go.WaitForNotification();  // Takes no part while it is dying.
  };
  lives.Join();
  dies.Join();
  ASSERT_TRUE(learner_.HasMembers(2));
  const absl::Time begin = absl::Now();
  Publish(1);
  in_broadcast.WaitForNotification();
  sync::Thread death("death", [&] { dies.Leave(); });
  EXPECT_NE(lives.Await(1, begin + kMostStall), nullptr);
  EXPECT_TRUE(lives.Receives(1)) << "over the next epoch";
  EXPECT_GE(learner_.root().counts().failures, 1);
  let_go.Notify();
  death.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
}

TEST_F(CollectiveTest, MemberThatDoesNotAnswerIsSeenByTheDeadlineAloneAndLeftOut) {
  Worker lives(world_, learner_, "lives"), hangs(world_, learner_, "hangs");
  absl::Notification let_go;
  hangs.sink.on_begin = [&] { let_go.WaitForNotification(); };
  lives.Join();
  hangs.Join();
  ASSERT_TRUE(learner_.HasMembers(2));
  const absl::Time begin = absl::Now();
  Publish(1);
  EXPECT_NE(lives.Await(1, begin + kMostStall), nullptr);
  EXPECT_TRUE(lives.Receives(1));
  EXPECT_GE(absl::Now() - begin, kTimeout);
  EXPECT_TRUE(hangs.Fetches(1)) << "it is told that no broadcast will come";
  hangs.sink.on_begin = nullptr;
  let_go.Notify();
  EXPECT_TRUE(learner_.HasMembers(2)) << "it joins again when it comes to itself";
  Publish(2);
  EXPECT_TRUE(lives.Receives(2));
  EXPECT_TRUE(hangs.Receives(2));
}

TEST_F(CollectiveTest, VersionPublishedWhileAnEpochIsFormedIsBroadcastOverIt) {
  Worker first(world_, learner_, "first");
  absl::Notification forming, let_go;
  world_.before_forming = [&](int rank) {
    if (rank == 0 || forming.HasBeenNotified()) return;
    forming.Notify();
    let_go.WaitForNotification();
  };
  first.Join();
  forming.WaitForNotification();
  Publish(1);
  EXPECT_EQ(learner_.root().counts().members, 0);
  let_go.Notify();
  EXPECT_TRUE(first.Receives(1));
}

TEST_F(CollectiveTest, WrongBytesAreNeverShownAndTheVersionIsFetched) {
  Worker worker(world_, learner_, "worker");
  worker.sink.before_checksum = [](std::vector<char>& bytes) { bytes[12345] ^= 1; };
  worker.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  Publish(1);
  EXPECT_TRUE(worker.Fetches(1));
  worker.sink.before_checksum = nullptr;
  Publish(2);
  EXPECT_TRUE(worker.Receives(2)) << "the communicator is still good";
}

TEST_F(CollectiveTest, MemberInTheLearnersMemoryCopiesAndNeedsNoCommunicator) {
  Worker beside(world_, learner_, "beside", "2.28.9", kLearnersPlace);
  beside.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  for (int version = 1; version <= 3; ++version) {
    Publish(version);
    EXPECT_TRUE(beside.Receives(version)) << version;
  }
  EXPECT_EQ(world_.formed(), 0);
  EXPECT_EQ(learner_->bytes_sent(), 0);
}

TEST_F(CollectiveTest, SomeCopyAndOthersAreRanks) {
  Worker beside(world_, learner_, "beside", "2.28.9", kLearnersPlace), first(world_, learner_, "first", "2.28.9", "GPU-1"), second(world_, learner_, "second");
  for (Worker* worker : {&first, &beside, &second}) worker->Join();
  ASSERT_TRUE(learner_.HasMembers(3));
  Publish(1);
  for (Worker* worker : {&first, &beside, &second}) EXPECT_TRUE(worker->Receives(1));
  second.Leave();
  ASSERT_TRUE(learner_.HasMembers(2));
  Publish(2);
  for (Worker* worker : {&first, &beside}) EXPECT_TRUE(worker->Receives(2));
}

TEST_F(CollectiveTest, MemberThatCannotCopyJoinsAgainAsARank) {
  world_.copies = false;
  Worker beside(world_, learner_, "beside", "2.28.9", kLearnersPlace);
  beside.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  Publish(1);
  EXPECT_NE(beside.Await(1), nullptr) << "one way or the other";
  EXPECT_TRUE(Eventually([&] { return world_.formed() > 0 && learner_.root().counts().members == 1; }));
  Publish(2);
  EXPECT_TRUE(beside.Receives(2));
}

TEST_F(CollectiveTest, WhenTheLearnersMemoryCannotBeSharedMembersJoinAgainAsRanks) {
  world_.shares = false;
  Worker beside(world_, learner_, "beside", "2.28.9", kLearnersPlace);
  beside.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  Publish(1);
  EXPECT_NE(beside.Await(1), nullptr);
  EXPECT_TRUE(Eventually([&] { return world_.formed() > 0 && learner_.root().counts().members == 1; }));
  Publish(2);
  EXPECT_TRUE(beside.Receives(2));
}

TEST_F(CollectiveTest, MemberThatCopiesAndDoesNotAnswerIsLeftOutToo) {
  Worker hangs(world_, learner_, "hangs", "2.28.9", kLearnersPlace), lives(world_, learner_, "lives");
  absl::Notification let_go;
  hangs.sink.on_begin = [&] { let_go.WaitForNotification(); };
  hangs.Join();
  lives.Join();
  ASSERT_TRUE(learner_.HasMembers(2));
  const absl::Time begin = absl::Now();
  Publish(1);
  EXPECT_TRUE(lives.Receives(1)) << "which does not depend on the other";
  EXPECT_LT(absl::Now() - begin, kTimeout);
  EXPECT_TRUE(hangs.Fetches(1));
  EXPECT_TRUE(learner_.HasMembers(1));
  let_go.Notify();
}

TEST_F(CollectiveTest, AnotherVersionOfTheLibraryIsRefusedWithOneClearErrorAndFetches) {
  Worker other(world_, learner_, "other", "2.27.3");
  other.Join();
  ASSERT_OK_AND_ASSIGN(const std::string error, other.errors.Pop(Soon()));
  EXPECT_THAT(error, AllOf(HasSubstr("other has loaded NCCL 2.27.3"), HasSubstr("the learner 2.28.9"), HasSubstr("install the same")));
  Publish(1);
  EXPECT_TRUE(other.Fetches(1));
  EXPECT_EQ(other.errors.size(), 0) << "one error";
}

TEST_F(CollectiveTest, AWorkerOfALearnerThatDoesNotBroadcastFetches) {
  Learner plain(1);
  PolicySubscriber subscriber(plain.Connect(), {.worker_id = "worker", .arena_elements = kElements});
  HostSink sink(kBytes);
  sync::BoundedQueue<std::string> errors(10);
  CollectiveMember::Options options;
  options.worker_id = "worker";
  options.library = world_.Library();
  options.sink = &sink;
  options.on_arrival = [](const PolicyAnnouncement&, int64_t, absl::Duration) { FAIL(); };
  options.on_error = [&](const std::string& message) { errors.TryPush(std::string(message)); };
  CollectiveMember member(plain.Connect(), std::move(options));
  EXPECT_THAT(errors.Pop(Soon()), testing::IsOkAndHolds(HasSubstr("broadcasts nothing")));
  plain->Publish(1, Weights(1));
  EXPECT_OK(subscriber.WaitFor(IsVersion(1), Soon()));
}

TEST_F(CollectiveTest, StopEndsABroadcastInProgress) {
  Worker worker(world_, learner_, "worker");
  absl::Notification in_broadcast, let_go;
  worker.sink.on_begin = [&] {
    in_broadcast.Notify();
    let_go.WaitForNotification();
  };
  worker.Join();
  ASSERT_TRUE(learner_.HasMembers(1));
  Publish(1);
  in_broadcast.WaitForNotification();
  const absl::Time begin = absl::Now();
  learner_.root().Stop();
  EXPECT_TRUE(Eventually([&] { return learner_.root().counts().members == 0; }));
  EXPECT_LT(absl::Now() - begin, kTimeout);
  let_go.Notify();
}

}  // namespace
}  // namespace cohort::policy
