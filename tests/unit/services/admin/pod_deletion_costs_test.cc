#include "services/admin/scale/pod_deletion_costs.h"

#include <map>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/admin/scale/kubernetes_pods.h"

namespace cohort::admin {
namespace {

using registry::v1::ServiceRecord;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using testing::StatusIs;

registry::v1::WorkerLoad Load(int leases, int groups = 0) {
  registry::v1::WorkerLoad load;
  load.set_leases(leases);
  load.set_active_groups(groups);
  return load;
}

ServiceRecord Worker(const std::string& name, int leases) {
  ServiceRecord record;
  record.set_name(name);
  record.set_role(registry::v1::SERVICE_ROLE_ROLLOUT);
  *record.mutable_load() = Load(leases);
  return record;
}

// Notes what is written, and answers what it is told to.
class Pods : public PodAnnotator {
 public:
  struct Notes {
    std::vector<std::pair<std::string, std::string>> written;  // Pod and value, of each try.
    std::map<std::string, absl::Status> answers;               // By pod; OK for others.
    std::string key;
  };
  explicit Pods(Notes& notes) : notes_(notes) {}

  absl::Status Annotate(const std::string& pod, const std::string& key, const std::string& value, absl::Time) override {
    notes_.written.emplace_back(pod, value);
    notes_.key = key;
    const auto answer = notes_.answers.find(pod);
    return answer == notes_.answers.end() ? absl::OkStatus() : answer->second;
  }

 private:
  Notes& notes_;
};

class PodDeletionCostsTest : public ::testing::Test {
 protected:
  // What one more look at these services writes.
  std::vector<std::pair<std::string, std::string>> Update(const std::vector<ServiceRecord>& services) {
    notes_.written.clear();
    status_ = costs_.Update(services, absl::Now() + absl::Seconds(20));
    return notes_.written;
  }

  Pods::Notes notes_;
  PodDeletionCosts costs_{std::make_unique<Pods>(notes_)};
  absl::Status status_;
};

TEST(PodDeletionCostTest, IdleWorkersCostNothingAndBusyOnesMoreTheMoreTheyHold) {
  EXPECT_EQ(PodDeletionCost(Load(0)), 0);
  EXPECT_EQ(PodDeletionCost(Load(1)), 11);
  EXPECT_EQ(PodDeletionCost(Load(3)), 12);
  EXPECT_EQ(PodDeletionCost(Load(4)), 13);
  EXPECT_EQ(PodDeletionCost(Load(7)), 13);
  EXPECT_EQ(PodDeletionCost(Load(0, /*groups=*/2)), 12) << "what is in the engine counts also when its lease is lost";
  for (int held = 0; held < 1000; ++held) EXPECT_LE(PodDeletionCost(Load(held)), PodDeletionCost(Load(held + 1))) << held;
  EXPECT_EQ(PodDeletionCost(Load(-1)), 0) << "a record may hold anything";
}

TEST_F(PodDeletionCostsTest, OnlyWhatChangesIsWritten) {
  EXPECT_THAT(Update({Worker("a", 0), Worker("b", 2)}), ElementsAre(Pair("a", "0"), Pair("b", "12")));
  EXPECT_EQ(notes_.key, "controller.kubernetes.io/pod-deletion-cost");
  EXPECT_THAT(Update({Worker("a", 0), Worker("b", 3)}), IsEmpty());
  EXPECT_THAT(Update({Worker("a", 1), Worker("b", 3)}), ElementsAre(Pair("a", "11")));
  EXPECT_OK(status_);
}

TEST_F(PodDeletionCostsTest, OnlyRolloutWorkersArePodsThatMayGo) {
  ServiceRecord learner = Worker("learner-0", 3);
  learner.set_role(registry::v1::SERVICE_ROLE_LEARNER);
  EXPECT_THAT(Update({learner}), IsEmpty());
}

TEST_F(PodDeletionCostsTest, AWorkerThatComesBackIsWrittenAnew) {
  Update({Worker("a", 0)});
  EXPECT_THAT(Update({}), IsEmpty());
  EXPECT_THAT(Update({Worker("a", 0)}), ElementsAre(Pair("a", "0")));
}

TEST_F(PodDeletionCostsTest, WhatWasNotWrittenIsTriedAgainAndKeepsNobodyElseWaiting) {
  notes_.answers["a"] = absl::FailedPreconditionError("forbidden");
  EXPECT_THAT(Update({Worker("a", 1), Worker("b", 1)}), ElementsAre(Pair("a", "11"), Pair("b", "11")));
  EXPECT_THAT(status_, StatusIs(absl::StatusCode::kFailedPrecondition));
  notes_.answers.clear();
  EXPECT_THAT(Update({Worker("a", 1), Worker("b", 1)}), ElementsAre(Pair("a", "11")));
  EXPECT_OK(status_);
}

TEST_F(PodDeletionCostsTest, AServerThatDoesNotAnswerIsAskedOnceAndNothingIsForgotten) {
  Update({Worker("a", 0), Worker("b", 0)});
  notes_.answers["a"] = absl::UnavailableError("nobody listens");
  EXPECT_THAT(Update({Worker("a", 1), Worker("b", 0), Worker("c", 0)}), ElementsAre(Pair("a", "11")));
  EXPECT_THAT(status_, StatusIs(absl::StatusCode::kUnavailable));
  notes_.answers.clear();
  EXPECT_THAT(Update({Worker("a", 1), Worker("b", 0), Worker("c", 0)}), UnorderedElementsAre(Pair("a", "11"), Pair("c", "0")));
}

TEST_F(PodDeletionCostsTest, AWorkerThatIsNoPodIsNotAskedForAgainWhileItStaysAsItIs) {
  notes_.answers["elsewhere"] = absl::NotFoundError("no such pod");
  EXPECT_THAT(Update({Worker("elsewhere", 1)}), ElementsAre(Pair("elsewhere", "11")));
  EXPECT_OK(status_);
  EXPECT_THAT(Update({Worker("elsewhere", 1)}), IsEmpty());
}

TEST_F(PodDeletionCostsTest, TwoOfItEndWithTheSameValuesWhoeverWritesLast) {
  Pods::Notes others;
  PodDeletionCosts other{std::make_unique<Pods>(others)};
  // One saw the worker busy, the other idle, and the older sight was written last.
  Update({Worker("a", 1)});
  ASSERT_OK(other.Update({Worker("a", 0)}, absl::Now() + absl::Seconds(20)));
  ASSERT_OK(other.Update({Worker("a", 1)}, absl::Now() + absl::Seconds(20)));
  EXPECT_THAT(others.written, ElementsAre(Pair("a", "0"), Pair("a", "11")));
  EXPECT_EQ(notes_.written.back(), others.written.back());
}

TEST(PodNameTest, WhatCannotBeAPodIsNotPutIntoAPath) {
  for (const char* name : {"demo-cohort-rollout-7d9f-x2k", "rollout-0", "a.b"}) EXPECT_TRUE(IsPodName(name)) << name;
  for (const char* name : {"", "../secrets/x", "a/b", "..", "-a", "a-", "Rollout", "a b", "a?dryRun=All", "a%2fb"}) EXPECT_FALSE(IsPodName(name)) << name;
  EXPECT_FALSE(IsPodName(std::string(254, 'a')));
}

}  // namespace
}  // namespace cohort::admin
