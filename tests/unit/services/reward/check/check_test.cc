#include "services/reward/check/check.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

CheckInput Input(std::string_view gold, std::string_view completion, v1::Template shape = v1::TEMPLATE_BARE_ANSWER) {
  CheckInput input;
  input.shape = shape;
  input.gold = gold;
  input.completion = completion;
  return input;
}

TEST(CheckTest, AReferenceThatCannotBeParsedMasksEveryCompletionOfItsGroupAlike) {
  for (const char* completion : {"<think>x</think><answer>4</answer>", "<think>x</think><answer></answer>", "4", "\xFF"}) {
    EXPECT_EQ(RunCheck(Input("\\frac{1}{", completion, v1::TEMPLATE_R1_ZERO)).verdict, v1::VERDICT_GOLD_UNPARSEABLE) << completion;
  }
}

TEST(CheckTest, SaysWhetherFormatOrAnswerIsMissing) {
  EXPECT_EQ(RunCheck(Input("4", "4", v1::TEMPLATE_R1_ZERO)).verdict, v1::VERDICT_FORMAT);
  EXPECT_EQ(RunCheck(Input("4", "it is 4", v1::TEMPLATE_BOXED_ONLY)).verdict, v1::VERDICT_NO_ANSWER);
  EXPECT_EQ(RunCheck(Input("4", "#### 4", v1::TEMPLATE_GSM8K_HASH)).verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(RunCheck(Input("4", "Answer: $\\frac{8}{2}$", v1::TEMPLATE_DAPO_ANSWER)).verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(RunCheck(Input("4", "#### 5", v1::TEMPLATE_GSM8K_HASH)).verdict, v1::VERDICT_INCORRECT);
}

TEST(CheckTest, APolicyMayAskForMoreReasoning) {
  CheckInput input = Input("4", "<think>2 + 2</think><answer>4</answer>", v1::TEMPLATE_R1_ZERO);
  input.min_think_characters = 3;
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_CORRECT);
  input.min_think_characters = 4;
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_FORMAT);
  EXPECT_EQ(RunCheck(input).format_reason, v1::FORMAT_REASON_EMPTY_THINK);
}

TEST(CheckTest, NothingIsSalvagedFromAnAnswerThatCannotBeParsed) {
  EXPECT_EQ(RunCheck(Input("4", "\\boxed{\\frac{} 4 ((} and 4", v1::TEMPLATE_BOXED_ONLY)).verdict, v1::VERDICT_PRED_UNPARSEABLE);
}

TEST(CheckTest, ExplainsWhatItUnderstoodWhenItIsAsked) {
  CheckInput input = Input("1/2", "0.50");
  EXPECT_EQ(RunCheck(input).gold_canonical, "");
  input.explain = true;
  const CheckOutcome same = RunCheck(input);
  EXPECT_NE(same.gold_canonical, "");
  EXPECT_EQ(same.gold_canonical, same.answer_canonical);
  EXPECT_NE(same.rule, "");
  input.completion = "1/3";
  const CheckOutcome different = RunCheck(input);
  EXPECT_NE(different.gold_canonical, different.answer_canonical);
  input.completion = "((";
  EXPECT_EQ(RunCheck(input).answer_canonical, "");
}

TEST(CheckTest, ParsesAnAnswerByItself) {
  CheckInput input = Input("", "\\frac{2}{4}");
  input.kind = CheckKind::kParse;
  const CheckOutcome parsed = RunCheck(input);
  EXPECT_EQ(parsed.verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(parsed.message, "");
  input.completion = "0.5";
  EXPECT_EQ(RunCheck(input).answer_canonical, parsed.answer_canonical);
  for (const char* wrong : {"((", "", "\xFF", "\\frac{1}{"}) {
    input.completion = wrong;
    const CheckOutcome outcome = RunCheck(input);
    EXPECT_EQ(outcome.verdict, v1::VERDICT_PRED_UNPARSEABLE) << wrong;
    EXPECT_NE(outcome.message, "") << wrong;
    EXPECT_EQ(outcome.answer_canonical, "") << wrong;
  }
}

TEST(CheckTest, CompilesReferenceAnswers) {
  CheckInput input = Input("1/2", "");
  input.kind = CheckKind::kCompileGold;
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_CORRECT);
  input.gold = "((";
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_GOLD_UNPARSEABLE);
  EXPECT_NE(RunCheck(input).message, "");
}

TEST(CheckTest, CountsBoxesAndTheLengthOfTheReasoning) {
  const CheckOutcome outcome = RunCheck(Input("2", "<think>four</think>\\boxed{1} no, \\boxed{2}", v1::TEMPLATE_R1_RELEASED));
  EXPECT_EQ(outcome.boxes, 2u);
  EXPECT_EQ(outcome.think_bytes, 4u);
  EXPECT_EQ(outcome.verdict, v1::VERDICT_CORRECT);
}

TEST(CheckTest, ThePolicyDecidesHowNearIsNearEnough) {
  CheckInput input = Input("3.14", "3.14159");
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_INCORRECT);
  input.policy.approximation = math::Approximation::kRoundToShown;
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_CORRECT);
  input.completion = "3.15";
  EXPECT_EQ(RunCheck(input).verdict, v1::VERDICT_INCORRECT);
}

}  // namespace
}  // namespace cohort::reward
