#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/rollout/rollout_fixture.h"

namespace cohort::rollout {
namespace {

using ::testing::Ge;
using ::testing::SizeIs;

class DeterminismTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(redis_, testing::RedisServer::Start()); }

  std::unique_ptr<WorkerProcess> Worker(TestLearner& learner, const std::string& run, const std::string& name, std::vector<std::string> more = {}) {
    auto flags = WorkerFlags(run, redis_->address(), learner.address(), reward_.address());
    flags.insert(flags.end(), more.begin(), more.end());
    return std::make_unique<WorkerProcess>(name, flags);
  }

  // What one undisturbed worker makes of the run.
  std::map<std::string, std::string> Reference(const TestLearner::Options& options, const std::string& run) {
    TestLearner learner(redis_->address(), run, options);
    const auto worker = Worker(learner, run, "only");
    learner.Begin();
    EXPECT_TRUE(Eventually([&] { return learner.complete(); })) << worker->log();
    return learner.Groups();
  }

  std::unique_ptr<testing::RedisServer> redis_;
  EvenReward reward_;
};

TEST_F(DeterminismTest, GroupsAreByteIdenticalWithOneWorkerWithTwoAndWithOneKilled) {
  // One name for all, as it is part of the group ids; the queue is emptied by the next learner's incarnation.
  const std::string run = "same";
  const TestLearner::Options options;
  const auto reference = Reference(options, run);
  ASSERT_THAT(reference, SizeIs(options.steps * options.prompts));
  {
    TestLearner learner(redis_->address(), run, options);
    const auto a = Worker(learner, run, "a", {"--threads", "2"});
    const auto b = Worker(learner, run, "b", {"--max-batch", "4"});
    ASSERT_TRUE(Eventually([&] { return learner.publisher().subscribers() == 2; })) << a->log() << b->log();
    learner.Begin();
    ASSERT_TRUE(Eventually([&] { return learner.complete(); })) << a->log() << b->log();
    EXPECT_EQ(learner.Groups(), reference);
    EXPECT_THAT(learner.Workers(), SizeIs(2));
  }
  {
    TestLearner learner(redis_->address(), run, options);
    const auto a = Worker(learner, run, "c");
    const auto b = Worker(learner, run, "d");
    ASSERT_TRUE(Eventually([&] { return learner.publisher().subscribers() == 2; })) << a->log() << b->log();
    learner.Begin();
    ASSERT_TRUE(Eventually([&] { return learner.accepted() >= 2; })) << a->log();
    a->process().Signal(SIGKILL);
    ASSERT_TRUE(Eventually([&] { return learner.complete(); })) << b->log();
    EXPECT_EQ(learner.Groups(), reference);
  }
}

TEST_F(DeterminismTest, ASurvivorFullOfLaterTasksStillDoesTheDeadWorkersEarlierOnes) {
  const std::string run = "ahead";
  TestLearner::Options options;
  options.steps = 4;
  options.issue_all_at_once = true;
  options.max_new_tokens = 60;
  TestLearner learner(redis_->address(), run, options);
  const auto a = Worker(learner, run, "a");
  learner.Begin();
  ASSERT_TRUE(Eventually([&] { return learner.accepted() >= 1; })) << a->log();
  a->process().Signal(SIGKILL);
  const auto b = Worker(learner, run, "b", {"--max-batch", "4"});
  EXPECT_TRUE(Eventually([&] { return learner.complete(); })) << b->log();
}

TEST_F(DeterminismTest, StrictlyOnPolicyGroupsHaveOneVersionAndLooserOnesStayWithinTheBound) {
  TestLearner::Options options;
  options.steps = 5;
  options.max_staleness = 2;
  options.issue_all_at_once = true;
  TestLearner learner(redis_->address(), "stale", options);
  const auto worker = Worker(learner, "stale", "a");
  learner.Begin();
  ASSERT_TRUE(Eventually([&] { return learner.complete(); })) << worker->log();
  for (const auto& group : learner.Raw()) {
    for (const auto& completion : group.completions()) {
      int tokens = 0;
      for (const auto& span : completion.versions()) {
        EXPECT_THAT(span.policy_version(), Ge(group.step() - 2)) << group.group_id();
        EXPECT_LE(span.policy_version(), group.step()) << group.group_id();
        tokens += span.token_count();
      }
      EXPECT_EQ(tokens, completion.token_ids_size());
    }
  }
  TestLearner::Options strict;
  for (const auto& [id, bytes] : Reference(strict, "strict")) {
    learner::v1::Group group;
    ASSERT_TRUE(group.ParseFromString(bytes));
    for (const auto& completion : group.completions()) {
      ASSERT_THAT(completion.versions(), SizeIs(1));
      EXPECT_EQ(completion.versions(0).policy_version(), group.step());
    }
  }
}

}  // namespace
}  // namespace cohort::rollout
