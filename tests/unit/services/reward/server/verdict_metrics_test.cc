#include "services/reward/server/verdict_metrics.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

google::protobuf::RepeatedPtrField<v1::ScoreResult> Results(const std::string& policy, v1::Verdict verdict, int count) {
  google::protobuf::RepeatedPtrField<v1::ScoreResult> results;
  for (int i = 0; i < count; ++i) {
    results.Add()->set_policy_id(policy);
    results.Mutable(i)->set_verdict(verdict);
  }
  return results;
}

TEST(VerdictMetricsTest, CountsByPolicyAndVerdict) {
  metrics::Registry registry;
  VerdictMetrics metrics(registry);
  metrics.Count(Results("r1_zero:exact", v1::VERDICT_CORRECT, 3));
  metrics.Count(Results("r1_zero:exact", v1::VERDICT_NO_ANSWER, 1));
  metrics.Count(Results("r1_zero:exact", v1::VERDICT_CORRECT, 1));
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_reward_policy_verdicts_total{policy=\"r1_zero:exact\",verdict=\"correct\"} 4"));
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_reward_policy_verdicts_total{policy=\"r1_zero:exact\",verdict=\"no_answer\"} 1"));
}

TEST(VerdictMetricsTest, TheNumberOfPoliciesIsBounded) {
  metrics::Registry registry;
  VerdictMetrics metrics(registry);
  for (size_t i = 0; i < VerdictMetrics::kMaxPolicies + 5; ++i) metrics.Count(Results("p" + std::to_string(i), v1::VERDICT_CORRECT, 1));
  EXPECT_THAT(registry.Expose(), HasSubstr("policy=\"p" + std::to_string(VerdictMetrics::kMaxPolicies - 1) + "\""));
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("policy=\"p" + std::to_string(VerdictMetrics::kMaxPolicies) + "\"")));
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_reward_policy_verdicts_total{policy=\"other\",verdict=\"correct\"} 5"));
}

}  // namespace
}  // namespace cohort::reward
