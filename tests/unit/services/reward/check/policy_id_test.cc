#include "services/reward/check/policy_id.h"

#include <string>

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

std::string Respelled(const std::string& id) {
  const absl::StatusOr<GradingPolicy> policy = ParsePolicyId(id);
  return policy.ok() ? PolicyId(*policy) : std::string(policy.status().message());
}

TEST(PolicyIdTest, EveryPolicyHasOneSpelling) {
  EXPECT_EQ(Respelled(""), "exact");
  EXPECT_EQ(Respelled("exact"), "exact");
  EXPECT_EQ(Respelled("r1_zero:"), "r1_zero:exact");
  EXPECT_EQ(Respelled("gsm8k:exact,units=convert"), "gsm8k:exact");
  EXPECT_EQ(Respelled(" order_matters , round_to_shown"), "round_to_shown,order_matters");
  EXPECT_EQ(Respelled("units=strip,order_matters=false,text_fold=false"), "exact,units=strip,text_fold=false");
  EXPECT_EQ(Respelled("boxed:rel_tol=0.001"), "boxed:rel_tol=0.001");
  EXPECT_EQ(Respelled("rel_tol=1e-06"), "rel_tol=1e-06");
  EXPECT_EQ(Respelled("six_decimals,assignment_lhs_optional=false,interval_is_inequality=false,literal_only"),
            "six_decimals,assignment_lhs_optional=false,interval_is_inequality=false,literal_only");
  EXPECT_EQ(Respelled("min_think_chars=1"), "exact");
  EXPECT_EQ(Respelled("r1_zero:min_think_chars=020,literal_only"), "r1_zero:exact,literal_only,min_think_chars=20");
  for (const char* id : {"rel_tol=0.1234567890123", "dapo:rel_tol=3e-300,units=require"}) EXPECT_EQ(Respelled(Respelled(id)), Respelled(id));
}

TEST(PolicyIdTest, SettingsReachThePolicy) {
  const GradingPolicy policy = *ParsePolicyId("dapo:rel_tol=1e-9,units=require,order_matters,literal_only");
  EXPECT_EQ(policy.shape, v1::TEMPLATE_DAPO_ANSWER);
  EXPECT_EQ(policy.gold.approximation, math::Approximation::kRelative);
  EXPECT_EQ(policy.gold.relative_tolerance, 1e-9);
  EXPECT_EQ(policy.gold.units, math::UnitPolicy::kRequire);
  EXPECT_TRUE(policy.gold.order_matters && policy.gold.literal_only && policy.gold.fold_text);
  EXPECT_EQ(policy.min_think_characters, kMinThinkCharacters);
  EXPECT_EQ(ParsePolicyId("min_think_chars=50")->min_think_characters, 50u);
}

TEST(PolicyIdTest, AWrongSettingIsNamedAndTheRightOnesAreListed) {
  const auto refused = [](const char* id) { return ParsePolicyId(id).status(); };
  EXPECT_THAT(refused("excact"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'excact'")));
  EXPECT_THAT(refused("excact"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("round_to_shown")));
  EXPECT_THAT(refused("exact=1"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'exact=1'")));
  EXPECT_THAT(refused("units=drop"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("strip")));
  EXPECT_THAT(refused("order_matters=yes"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("neither true nor false")));
  EXPECT_THAT(refused("exact,six_decimals"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another approximation")));
  EXPECT_THAT(refused("R1_ZERO:exact"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("gsm8k")));
  for (const char* fewest : {"min_think_chars", "min_think_chars=0", "min_think_chars=-1", "min_think_chars=1000001", "min_think_chars=x", "min_think_chars=1.5"}) {
    EXPECT_THAT(refused(fewest), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("from 1 to 1000000"))) << fewest;
  }
  EXPECT_EQ(ParsePolicyId("min_think_chars=1000000")->min_think_characters, kMostThinkCharacters);
  for (const char* tolerance : {"rel_tol", "rel_tol=", "rel_tol=0", "rel_tol=1", "rel_tol=-1", "rel_tol=nan", "rel_tol=inf", "rel_tol=x"}) {
    EXPECT_THAT(refused(tolerance), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("above 0 and below 1"))) << tolerance;
  }
}

}  // namespace
}  // namespace cohort::reward
