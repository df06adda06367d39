#include "services/reward/server/verdict_metrics.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class VerdictMetricsTest : public ::testing::Test {
 protected:
  void Count(const std::string& policy, const std::string& source, v1::Verdict verdict, int count) {
    google::protobuf::RepeatedPtrField<v1::ScoreItem> items;
    google::protobuf::RepeatedPtrField<v1::ScoreResult> results;
    for (int i = 0; i < count; ++i) {
      items.Add()->set_source(source);
      results.Add()->set_policy_id(policy);
      results.Mutable(i)->set_verdict(verdict);
    }
    metrics_.Count(items, results);
  }

  metrics::Registry registry_;
  VerdictMetrics metrics_{registry_};
};

TEST_F(VerdictMetricsTest, CountsByPolicyAndVerdict) {
  Count("r1_zero:exact", "", v1::VERDICT_CORRECT, 3);
  Count("r1_zero:exact", "", v1::VERDICT_NO_ANSWER, 1);
  Count("r1_zero:exact", "", v1::VERDICT_CORRECT, 1);
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_policy_verdicts_total{policy=\"r1_zero:exact\",verdict=\"correct\"} 4"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_policy_verdicts_total{policy=\"r1_zero:exact\",verdict=\"no_answer\"} 1"));
}

TEST_F(VerdictMetricsTest, CountsBySourceAndVerdict) {
  Count("p", "olympiads", v1::VERDICT_CORRECT, 2);
  Count("q", "olympiads", v1::VERDICT_CORRECT, 1);
  Count("p", "textbook", v1::VERDICT_INCORRECT, 1);
  Count("p", "", v1::VERDICT_CORRECT, 5);
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_source_verdicts_total{source=\"olympiads\",verdict=\"correct\"} 3"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_source_verdicts_total{source=\"textbook\",verdict=\"incorrect\"} 1"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_source_verdicts_total{source=\"unnamed\",verdict=\"correct\"} 5"));
}

TEST_F(VerdictMetricsTest, ABatchMayMixSources) {
  google::protobuf::RepeatedPtrField<v1::ScoreItem> items;
  google::protobuf::RepeatedPtrField<v1::ScoreResult> results;
  for (const char* source : {"a", "b", "a", "a"}) {
    items.Add()->set_source(source);
    results.Add()->set_policy_id("p");
    results.Mutable(results.size() - 1)->set_verdict(v1::VERDICT_CORRECT);
  }
  metrics_.Count(items, results);
  EXPECT_THAT(registry_.Expose(), HasSubstr("{source=\"a\",verdict=\"correct\"} 3"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("{source=\"b\",verdict=\"correct\"} 1"));
}

TEST_F(VerdictMetricsTest, TheNumberOfNamesIsBounded) {
  const size_t limit = NamedVerdicts::kMaxNames;
  for (size_t i = 0; i < limit + 5; ++i) Count("p" + std::to_string(i), "s" + std::to_string(i), v1::VERDICT_CORRECT, 1);
  for (const char* label : {"policy=\"p", "source=\"s"}) {
    EXPECT_THAT(registry_.Expose(), HasSubstr(label + std::to_string(limit - 1) + "\""));
    EXPECT_THAT(registry_.Expose(), Not(HasSubstr(label + std::to_string(limit) + "\"")));
  }
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_policy_verdicts_total{policy=\"other\",verdict=\"correct\"} 5"));
  EXPECT_THAT(registry_.Expose(), HasSubstr("cohort_reward_source_verdicts_total{source=\"other\",verdict=\"correct\"} 5"));
}

TEST_F(VerdictMetricsTest, ALongNameIsOther) {
  const std::string longest(NamedVerdicts::kMaxNameBytes, 'x'), longer = longest + 'x';
  Count("p", longest, v1::VERDICT_CORRECT, 1);
  Count("p", longer, v1::VERDICT_CORRECT, 2);
  EXPECT_THAT(registry_.Expose(), HasSubstr("source=\"" + longest + "\""));
  EXPECT_THAT(registry_.Expose(), Not(HasSubstr(longer)));
  EXPECT_THAT(registry_.Expose(), HasSubstr("source=\"other\",verdict=\"correct\"} 2"));
}

}  // namespace
}  // namespace cohort::reward
