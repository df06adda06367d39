#include "services/reward/server/request_checks.h"

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

v1::ScoreItem Item() {
  v1::ScoreItem item;
  item.set_id("a");
  item.set_template_(v1::TEMPLATE_R1_ZERO);
  return item;
}

absl::Status Refusal(const v1::ScoreItem& item) {
  ScoreItems items;
  *items.Add() = Item();
  *items.Add() = item;
  return ChecksOf(items).status();
}

TEST(RequestChecksTest, ThePolicySaysHowMuchReasoningTheFormatNeeds) {
  ScoreItems items;
  *items.Add() = Item();
  *items.Add() = Item();
  items.Mutable(1)->set_policy_id("min_think_chars=12");
  const auto checks = ChecksOf(items);
  ASSERT_OK(checks.status());
  EXPECT_EQ((*checks)[0].min_think_characters, kMinThinkCharacters);
  EXPECT_EQ((*checks)[1].min_think_characters, 12u);
}

TEST(RequestChecksTest, NamesTheItemAndTheFieldThatIsWrong) {
  v1::ScoreItem item = Item();
  item.set_policy_id("units=drop");
  EXPECT_THAT(Refusal(item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("items[1] (id 'a'): policy setting 'units=drop'")));
  item = Item();
  item.mutable_auxiliary()->set_repetition_ngram(1);
  EXPECT_THAT(Refusal(item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("repetition_ngram is 1")));
  item.mutable_auxiliary()->set_repetition_ngram(65);
  EXPECT_THAT(Refusal(item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("repetition_ngram is 65")));
  item.mutable_auxiliary()->set_repetition_ngram(64);
  item.mutable_auxiliary()->set_language(static_cast<v1::Language>(99));
  EXPECT_THAT(Refusal(item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("language 99")));
  item.mutable_auxiliary()->set_language(v1::LANGUAGE_GREEK);
  EXPECT_OK(Refusal(item));
}

TEST(RequestChecksTest, WhatAnItemAsksForReachesItsCheck) {
  ScoreItems items;
  v1::ScoreItem& item = *items.Add();
  item.set_policy_id("gsm8k:round_to_shown");
  item.set_explain(true);
  item.mutable_auxiliary()->set_language(v1::LANGUAGE_THAI);
  const absl::StatusOr<std::vector<CheckInput>> checks = ChecksOf(items);
  ASSERT_OK(checks);
  EXPECT_EQ(checks->at(0).shape, v1::TEMPLATE_GSM8K_HASH);
  EXPECT_EQ(checks->at(0).policy.approximation, math::Approximation::kRoundToShown);
  EXPECT_TRUE(checks->at(0).explain);
  EXPECT_EQ(checks->at(0).auxiliary.language, v1::LANGUAGE_THAI);
}

TEST(RequestChecksTest, ResultsCarryPolicyAuxiliaryRewardsAndExplanation) {
  ScoreItems items;
  *items.Add() = Item();
  items.Mutable(0)->set_explain(true);
  *items.Add() = Item();
  std::vector<CheckOutcome> outcomes(2);
  outcomes[0].verdict = v1::VERDICT_CORRECT;
  outcomes[0].gold_canonical = "1/2";
  outcomes[0].auxiliary.tag_count = 0.75;
  google::protobuf::RepeatedPtrField<v1::ScoreResult> results;
  FillResults(items, outcomes, &results);
  EXPECT_EQ(results[0].policy_id(), "r1_zero:exact");
  EXPECT_EQ(results[0].explanation().gold_canonical(), "1/2");
  EXPECT_EQ(results[0].auxiliary().tag_count(), 0.75);
  EXPECT_FALSE(results[0].auxiliary().has_repetition());
  EXPECT_FALSE(results[1].has_auxiliary());
  EXPECT_FALSE(results[1].has_explanation());
}

}  // namespace
}  // namespace cohort::reward
