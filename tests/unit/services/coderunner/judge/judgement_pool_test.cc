#include "services/coderunner/judge/judgement_pool.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/errors.h"
#include "common/sync/thread.h"
#include "gmock/gmock.h"
#include "tests/unit/services/coderunner/judge/judge_fixture.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;
using cohort::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using WhenFull = JudgementPool::WhenFull;

constexpr char kGold[] = R"({"tests": [{"stdin": "", "stdout": "1"}]})";

bool Never() { return false; }

class JudgementPoolTest : public JudgeFixture {
 protected:
  void Start(JudgementPool::Options options) { pool_ = std::make_unique<JudgementPool>(*judge_, metrics_, options); }

  JudgeTask Task(const std::string& source) { return {problem_, kGold, Language::kPython3, source}; }
  // Takes about so long.
  JudgeTask Slow(double seconds, int number = 0) { return Task(absl::StrCat("import time\ntime.sleep(", seconds, ")\nprint(1)  # ", number)); }

  // Until so many programs wait for a slot.
  void WaitUntilWaiting(int programs) {
    const std::string line = absl::StrCat("\ncohort_coderunner_queue_depth_programs ", programs, "\n");
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    while (registry_.Expose().find(line) == std::string::npos && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(1));
    ASSERT_LT(absl::Now(), give_up);
  }

  std::shared_ptr<const Problem> problem_ = std::make_shared<const Problem>(*ReadProblem(kGold));
  std::unique_ptr<JudgementPool> pool_;
};

TEST_P(JudgementPoolTest, AnswersInTheOrderOfTheTasks) {
  Start({.slots = 2});
  ASSERT_OK_AND_ASSIGN(const auto judgements, pool_->Decide({Task("print(1)"), Task("print(2)"), Slow(0.1), Task("print(3)")}, WhenFull::kRefuse, Never));
  ASSERT_THAT(judgements, SizeIs(4));
  EXPECT_EQ(judgements[0].verdict, v1::VERDICT_CORRECT);
  EXPECT_THAT(judgements[1].rule, HasSubstr("'2'"));
  EXPECT_EQ(judgements[2].verdict, v1::VERDICT_CORRECT);
  EXPECT_THAT(judgements[3].rule, HasSubstr("'3'"));
  ASSERT_OK_AND_ASSIGN(const auto none, pool_->Decide({}, WhenFull::kRefuse, Never));
  EXPECT_THAT(none, SizeIs(0));
}

TEST_P(JudgementPoolTest, JudgesEqualProgramsOnce) {
  Start({.slots = 2});
  const std::vector<JudgeTask> group(8, Task("print(1)"));
  ASSERT_OK_AND_ASSIGN(const auto judgements, pool_->Decide(group, WhenFull::kRefuse, Never));
  for (const Judgement& judgement : judgements) EXPECT_EQ(judgement.verdict, v1::VERDICT_CORRECT);
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_coderunner_programs_total{verdict=\"correct\"} 1"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_coderunner_joined_total 7"));
  ASSERT_OK(pool_->Decide(group, WhenFull::kRefuse, Never).status());
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_coderunner_cache_hits_total 8"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_coderunner_programs_total{verdict=\"correct\"} 1"));
}

TEST_P(JudgementPoolTest, WhatHasBegunIsFinishedAndRememberedWhenItsCallerLeaves) {
  Start({.slots = 1});
  const std::vector<JudgeTask> batch = {Slow(0.3, 1), Slow(0.3, 2), Slow(0.3, 3)};
  int calls = 0;
  for (absl::Status status = absl::CancelledError(""); !status.ok(); ++calls) {
    ASSERT_LT(calls, 100);
    const absl::Time leave = absl::Now() + absl::Milliseconds(400);  // Never enough for all three.
    status = pool_->Decide(batch, WhenFull::kRefuse, [&] { return absl::Now() > leave; }).status();
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
    }
  }
  EXPECT_GT(calls, 1);
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_coderunner_programs_total{verdict=\"correct\"} 3"));
}

TEST_P(JudgementPoolTest, AFullQueueRefusesWithADelayOrWaits) {
  Start({.slots = 1, .queue_capacity = 2});
  std::atomic<bool> left = false;
  sync::Thread busy("busy", [&] { (void)pool_->Decide({Slow(3, 1), Slow(0.1, 2), Slow(0.1, 3)}, WhenFull::kRefuse, [&] { return left.load(); }); });
  WaitUntilWaiting(2);
  const absl::Status status = pool_->Decide({Task("print(1)"), Task("print(2)")}, WhenFull::kRefuse, Never).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("of 2")));
  EXPECT_GT(RetryDelay(status, absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_OK(pool_->Decide({Task("print(4)"), Task("print(5)")}, WhenFull::kWait, Never).status());
  left = true;
  busy.Join();
}

TEST_P(JudgementPoolTest, ItsEndAnswersWhoeverWaits) {
  Start({.slots = 1});
  absl::StatusOr<std::vector<Judgement>> judgements;
  sync::Thread caller("caller", [&] { judgements = pool_->Decide({Slow(5, 1), Slow(5, 2)}, WhenFull::kRefuse, Never); });
  WaitUntilWaiting(1);
  pool_.reset();
  caller.Join();
  ASSERT_OK(judgements.status());
  for (const Judgement& judgement : *judgements) EXPECT_EQ(judgement.verdict, v1::VERDICT_INTERNAL);
}

INSTANTIATE_TEST_SUITE_P(Walls, JudgementPoolTest, ::testing::Values(Walls::kProcess), WallsName);

}  // namespace
}  // namespace cohort::coderunner
