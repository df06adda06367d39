#include "services/rollout/worker/admission.h"

#include "gtest/gtest.h"

namespace cohort::rollout {
namespace {

prompt::v1::PromptTask Task(int64_t incarnation, int64_t oldest, int64_t newest) {
  prompt::v1::PromptTask task;
  task.set_incarnation(incarnation);
  task.set_min_policy_version(oldest);
  task.set_max_policy_version(newest);
  return task;
}

TEST(AdmitTest, AVersionWithinTheBoundsSamples) {
  EXPECT_EQ(Admit(Task(1, 3, 3), {1, 3}), Admission::kSample);
  EXPECT_EQ(Admit(Task(1, 1, 3), {1, 1}), Admission::kSample);
}

TEST(AdmitTest, AnOlderVersionWaits) {
  EXPECT_EQ(Admit(Task(1, 3, 3), {1, 2}), Admission::kWait);
  EXPECT_EQ(Admit(Task(1, 0, 0), {0, -1}), Admission::kWait) << "no weights yet";
}

TEST(AdmitTest, ANewerLearnersTaskWaitsForItsWeightsWhateverTheVersion) { EXPECT_EQ(Admit(Task(2, 3, 3), {1, 3}), Admission::kWait); }

TEST(AdmitTest, AnEarlierLearnersTaskIsDropped) { EXPECT_EQ(Admit(Task(1, 3, 3), {2, 3}), Admission::kDrop); }

TEST(AdmitTest, ATaskOfAStepThatIsOverIsObsolete) { EXPECT_EQ(Admit(Task(1, 1, 3), {1, 4}), Admission::kObsolete); }

TEST(MayExchangeTest, StrictTasksKeepTheirWeightsAndLooserOnesDoNot) {
  const auto strict = Task(1, 3, 3), loose = Task(1, 1, 5);
  EXPECT_TRUE(MayExchange({}, {1, 4}));
  EXPECT_FALSE(MayExchange({&loose, &strict}, {1, 4}));
  EXPECT_TRUE(MayExchange({&loose}, {1, 4}));
  EXPECT_FALSE(MayExchange({&loose}, {1, 6}));
}

TEST(IsNewerTest, AnotherIncarnationGoesBeforeAnyVersion) {
  EXPECT_TRUE(IsNewer({1, 0}, {0, -1}));
  EXPECT_TRUE(IsNewer({1, 5}, {1, 4}));
  EXPECT_FALSE(IsNewer({1, 4}, {1, 4}));
  EXPECT_TRUE(IsNewer({2, 1}, {1, 9})) << "a restarted learner goes back to its checkpoint";
  EXPECT_FALSE(IsNewer({1, 9}, {2, 1}));
}

}  // namespace
}  // namespace cohort::rollout
