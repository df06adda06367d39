#include "services/rollout/worker/group_finisher.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/testing/status_matchers.h"

namespace cohort::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

// Answers every group with `answer`, and remembers the last one.
class Learner final : public learner::v1::TrajectoryService::Service {
 public:
  grpc::Status SubmitGroup(grpc::ServerContext*, const learner::v1::SubmitGroupRequest* request, learner::v1::SubmitGroupResponse*) override {
    last = request->group();
    return ++calls <= unavailable_first ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not yet") : rpc::ToGrpc(answer);
  }
  absl::Status answer;
  int unavailable_first = 0;
  std::atomic<int> calls{0};
  learner::v1::Group last;
};

class Reward final : public reward::v1::RewardService::Service {
 public:
  grpc::Status Score(grpc::ServerContext*, const reward::v1::ScoreRequest* request, reward::v1::ScoreResponse* response) override {
    last = *request;
    if (!answer.ok()) return rpc::ToGrpc(answer);
    for (const auto& item : request->items()) {
      auto& result = *response->add_results();
      result.set_id(item.id());
      result.set_verdict(reward::v1::VERDICT_CORRECT);
    }
    return grpc::Status::OK;
  }
  absl::Status answer;
  reward::v1::ScoreRequest last;
};

class GroupFinisherTest : public ::testing::Test {
 protected:
  GroupFinisherTest() {
    const char* source = std::getenv("COHORT_SOURCE");
    auto tokenizer = text::Tokenizer::Load(std::string(source == nullptr ? "." : source) + "/configs/tiny");
    EXPECT_OK(tokenizer);
    tokenizer_ = *std::move(tokenizer);
    auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {&learner_, &reward_}});
    EXPECT_OK(server);
    server_ = *std::move(server);
    EXPECT_OK(queue_.BeginIncarnation(Soon()));
    FinisherOptions options;
    options.worker_id = "w";
    options.auxiliary.set_language(reward::v1::LANGUAGE_ENGLISH);
    options.learner_address = options.reward_address = server_->address();
    finisher_ = std::make_unique<GroupFinisher>(options, *tokenizer_, queue_, leases_, metrics_);
  }
  ~GroupFinisherTest() override {
    finisher_.reset();
    server_->Shutdown(absl::Now());
  }

  static queue::QueueOptions QueueOptions() {
    queue::QueueOptions options;
    options.run_id = "run";
    options.consumer = "w";
    return options;
  }

  std::shared_ptr<HeldLease> LeasedTask() {
    prompt::v1::PromptTask task;
    task.set_group_id("run/4/2");
    task.set_incarnation(1);
    task.set_step(4);
    task.set_slot(2);
    task.set_gold_answer("17");
    task.set_source("olympiads");
    EXPECT_OK(queue_.Issue({task}, Soon()));
    return leases_.Hold((*queue_.Take(1, Soon()))[0]);
  }

  FinishedGroup Group() const {
    FinishedGroup group;
    for (common::v1::FinishReason reason : {common::v1::FINISH_REASON_STOP, common::v1::FINISH_REASON_LENGTH}) {
      FinishedSample sample;
      sample.tokens = {tokenizer_->TokenId("1"), tokenizer_->TokenId("7"), reason == common::v1::FINISH_REASON_STOP ? 2 : tokenizer_->TokenId("3")};
      sample.logprobs = {-0.5f, -0.25f, -1.0f};
      sample.versions = {3, 4, 4};
      sample.finish_reason = reason;
      group.samples.push_back(sample);
    }
    return group;
  }

  void Finish() {
    finisher_->Submit(LeasedTask(), Group());
    ASSERT_TRUE(finisher_->WaitUntilDone(Soon()));
    EXPECT_EQ(leases_.held(), 0);
  }

  std::vector<std::string> InQueue() { return *queue_.PendingGroups(Soon()); }

  std::unique_ptr<text::Tokenizer> tokenizer_;
  Learner learner_;
  Reward reward_;
  std::unique_ptr<rpc::Server> server_;
  queue::InMemoryPromptQueue queue_{std::make_shared<queue::InMemoryQueueState>(), QueueOptions()};
  LeaseKeeper leases_{queue_, absl::Seconds(10)};
  metrics::Registry registry_;
  WorkerMetrics metrics_{registry_};
  std::unique_ptr<GroupFinisher> finisher_;
};

TEST_F(GroupFinisherTest, AnAcceptedGroupIsAcknowledged) {
  Finish();
  EXPECT_THAT(InQueue(), IsEmpty());
  EXPECT_EQ(finisher_->submitted(), 1);
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_rollout_groups_total{outcome=\"submitted\"} 1"));
}

TEST_F(GroupFinisherTest, WhatIsHandedInIsWhole) {
  Finish();
  const learner::v1::Group& group = learner_.last;
  EXPECT_EQ(group.group_id(), "run/4/2");
  EXPECT_EQ(group.worker_id(), "w");
  EXPECT_EQ(group.attempt(), 1);
  ASSERT_THAT(group.completions(), SizeIs(2));
  const learner::v1::Completion& stopped = group.completions(0);
  EXPECT_EQ(stopped.text(), "17");
  EXPECT_THAT(stopped.sampler_logprobs(), ElementsAre(-0.5f, -0.25f, -1.0f));
  ASSERT_THAT(stopped.versions(), SizeIs(2));
  EXPECT_EQ(stopped.versions(0).token_count(), 1);
  EXPECT_EQ(stopped.versions(1).policy_version(), 4);
  EXPECT_EQ(stopped.versions(1).token_count(), 2);
  EXPECT_EQ(stopped.score().verdict(), reward::v1::VERDICT_CORRECT);
  EXPECT_EQ(group.completions(1).text(), "173");
  EXPECT_EQ(reward_.last.items(0).gold_answer(), "17");
  EXPECT_EQ(reward_.last.items(1).source(), "olympiads");
  EXPECT_EQ(reward_.last.items(0).auxiliary().language(), reward::v1::LANGUAGE_ENGLISH);
  EXPECT_EQ(reward_.last.items(1).finish_reason(), common::v1::FINISH_REASON_LENGTH);
}

TEST_F(GroupFinisherTest, AGroupThatTheLearnerHadAlreadyIsAcknowledged) {
  learner_.answer = absl::AlreadyExistsError("accepted before");
  Finish();
  EXPECT_THAT(InQueue(), IsEmpty());
  EXPECT_EQ(finisher_->submitted(), 0);
}

TEST_F(GroupFinisherTest, AGroupWhoseSlotIsUnknownIsAcknowledged) {
  learner_.answer = ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_SLOT", "no such slot");
  Finish();
  EXPECT_THAT(InQueue(), IsEmpty());
}

TEST_F(GroupFinisherTest, AStaleGroupIsNotAcknowledged) {
  learner_.answer = ErrorWithReason(absl::StatusCode::kFailedPrecondition, "STALE_POLICY", "too old");
  Finish();
  EXPECT_THAT(InQueue(), ElementsAre("run/4/2"));
  EXPECT_THAT(*queue_.DeadLetters(1, Soon()), IsEmpty());
}

TEST_F(GroupFinisherTest, AMalformedGroupIsBuriedWithWhatTheLearnerSaid) {
  learner_.answer = absl::InvalidArgumentError("completion 0 has no verdict");
  Finish();
  EXPECT_THAT(InQueue(), IsEmpty());
  const auto dead = *queue_.DeadLetters(1, Soon());
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_THAT(dead[0].reason(), HasSubstr("has no verdict"));
}

TEST_F(GroupFinisherTest, AnUnavailableLearnerIsTriedAgain) {
  learner_.unavailable_first = 2;
  Finish();
  EXPECT_EQ(learner_.calls, 3);
  EXPECT_THAT(InQueue(), IsEmpty());
}

TEST_F(GroupFinisherTest, ALostLeaseEndsTheAttempts) {
  reward_.answer = absl::UnavailableError("down");
  const auto held = LeasedTask();
  finisher_->Submit(held, Group());
  EXPECT_FALSE(finisher_->WaitUntilDone(absl::Now() + absl::Milliseconds(50)));
  held->lost = true;
  EXPECT_TRUE(finisher_->WaitUntilDone(Soon()));
  EXPECT_EQ(learner_.calls, 0);
  EXPECT_THAT(InQueue(), ElementsAre("run/4/2")) << "it is another worker's now";
}

TEST_F(GroupFinisherTest, WhatCannotBeHandedInWhenTheWorkerStopsIsGivenBack) {
  learner_.unavailable_first = 1 << 20;
  finisher_->Submit(LeasedTask(), Group());
  EXPECT_FALSE(finisher_->WaitUntilDone(absl::Now() + absl::Milliseconds(50)));
  finisher_->Abandon();
  EXPECT_TRUE(finisher_->WaitUntilDone(Soon()));
  const auto again = *queue_.Take(1, Soon());
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].attempt, 1) << "giving back is no attempt";
}

}  // namespace
}  // namespace cohort::rollout
