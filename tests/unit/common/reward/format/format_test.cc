#include "common/reward/format/format.h"

#include <string>

#include "common/reward/format/limits.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

std::string Reason(const FormatInput& input) { return v1::FormatReason_Name(CheckFormat(input).reason).substr(sizeof("FORMAT_REASON_") - 1); }

FormatInput Zero(std::string_view completion) { return {completion, v1::TEMPLATE_R1_ZERO}; }

// The answer, or what is wrong.
std::string Answer(const FormatInput& input) {
  const FormatOutcome outcome = CheckFormat(input);
  if (!outcome.ok()) return Reason(input);
  return outcome.has_answer ? outcome.answer : "(none)";
}

TEST(R1ZeroTest, TakesTheAnswerBetweenItsTags) {
  EXPECT_EQ(Answer(Zero("<think>2+2 is 4</think><answer>4</answer>")), "4");
  EXPECT_EQ(Answer(Zero("\n<think>\nlong\n</think>\n\n<answer>\n 4 \n</answer>\n ")), "4");
  EXPECT_EQ(Answer(Zero("<think>x</think><answer>so it is \\boxed{4}</answer>")), "4");
  EXPECT_EQ(Answer(Zero("<think>\\boxed{1}</think><answer>$4$</answer>")), "$4$");
}

TEST(R1ZeroTest, TheSpanPointsIntoTheCompletion) {
  const std::string completion = "<think>x</think><answer> 1/2 </answer>";
  const FormatOutcome outcome = CheckFormat(Zero(completion));
  EXPECT_EQ(outcome.span.In(completion), "1/2");
}

struct Wrong {
  const char* completion;
  const char* reason;
};
class WrongFormatTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFormatTest, IsRefusedWithItsReasonAndNothingIsExtracted) {
  const FormatOutcome outcome = CheckFormat(Zero(GetParam().completion));
  EXPECT_EQ(Reason(Zero(GetParam().completion)), GetParam().reason);
  EXPECT_FALSE(outcome.has_answer);
}

INSTANTIATE_TEST_SUITE_P(
    R1Zero, WrongFormatTest,
    testing::Values(Wrong{"4", "MISSING_TAG"}, Wrong{"", "MISSING_TAG"}, Wrong{"<answer>4</answer>", "MISSING_TAG"},
                    Wrong{"<think>x</think>4", "MISSING_TAG"}, Wrong{"<think>x<answer>4</answer>", "MISSING_TAG"},
                    Wrong{"<think>x</think><answer>4", "MISSING_TAG"}, Wrong{"<think>x</think>4</answer>", "MISSING_TAG"},
                    Wrong{"<think>x</think><answer>4</answer><answer>5</answer>", "REPEATED_TAG"},
                    Wrong{"<think>x</think><think>y</think><answer>4</answer>", "REPEATED_TAG"},
                    Wrong{"<think><think>x</think><answer>4</answer>", "REPEATED_TAG"},
                    Wrong{"<think>x</think></think><answer>4</answer>", "REPEATED_TAG"},
                    Wrong{"<answer>4</answer><think>x</think>", "WRONG_ORDER"}, Wrong{"</think>x<think><answer>4</answer>", "WRONG_ORDER"},
                    Wrong{"<think>x<answer>4</answer></think>", "WRONG_ORDER"}, Wrong{"<think>x</think></answer>4<answer>", "WRONG_ORDER"},
                    Wrong{"<THINK>x</think><answer>4</answer>", "LOOKALIKE_TAG"},
                    Wrong{"<think>I write <Answer> now</think><answer>4</answer>", "LOOKALIKE_TAG"},
                    Wrong{"<think>x</think><answer>4 < think ></answer>", "LOOKALIKE_TAG"},
                    Wrong{"<think>x</think><answer>4</answer>＜answer＞", "LOOKALIKE_TAG"},
                    Wrong{"so <think>x</think><answer>4</answer>", "TEXT_OUTSIDE"}, Wrong{"<think>x</think>so<answer>4</answer>", "TEXT_OUTSIDE"},
                    Wrong{"<think>x</think><answer>4</answer> done", "TEXT_OUTSIDE"}, Wrong{"<think>x</think><answer>4</answer>.", "TEXT_OUTSIDE"},
                    Wrong{"<think>x</think>\u200B<answer>4</answer>", "TEXT_OUTSIDE"}, Wrong{"<think></think><answer>4</answer>", "EMPTY_THINK"},
                    Wrong{"<think> \n\u200B\u3000</think><answer>4</answer>", "EMPTY_THINK"},
                    Wrong{"<think>reasoning process here</think><answer>4</answer>", "EMPTY_THINK"},
                    Wrong{"<think> ... </think><answer>4</answer>", "EMPTY_THINK"}, Wrong{"<think>x</think><answer></answer>", "EMPTY_ANSWER"},
                    Wrong{"<think>x</think><answer> \uFEFF\n</answer>", "EMPTY_ANSWER"},
                    Wrong{"<think>x</think><answer>answer here</answer>", "EMPTY_ANSWER"},
                    Wrong{"<think>x</think><answer>\xFF</answer>", "BAD_ENCODING"}, Wrong{"<think>\x01</think><answer>4</answer>", "BAD_ENCODING"},
                    Wrong{"<think>\u202E</think><answer>4</answer>", "BAD_ENCODING"}));

TEST(R1ZeroTest, NulIsRefused) { EXPECT_EQ(Reason(Zero(std::string_view("<think>\0</think><answer>4</answer>", 34))), "BAD_ENCODING"); }

TEST(R1ZeroTest, APrefilledThinkTagMustNotComeAgain) {
  FormatInput prefilled = Zero("x</think><answer>4</answer>");
  prefilled.think_prefilled = true;
  EXPECT_EQ(Answer(prefilled), "4");
  prefilled.completion = "<think>x</think><answer>4</answer>";
  EXPECT_EQ(Answer(prefilled), "REPEATED_TAG");
  prefilled.completion = "</think><answer>4</answer>";
  EXPECT_EQ(Answer(prefilled), "EMPTY_THINK");
}

TEST(R1ZeroTest, AnAnswerOfTheLongestSizePassesAndOneByteMoreDoesNot) {
  const auto with_answer = [](size_t bytes) { return "<think>x</think><answer>" + std::string(bytes, '7') + "</answer>"; };
  EXPECT_EQ(Reason(Zero(with_answer(kMaxAnswerSegmentBytes))), "OK");
  EXPECT_EQ(Reason(Zero(with_answer(kMaxAnswerSegmentBytes + 1))), "ANSWER_TOO_LONG");
}

TEST(R1ZeroTest, TheFewestCharactersOfThinkingPassAndOneLessDoesNot) {
  const auto with_think = [](size_t characters) { return "<think>" + std::string(characters, 'x') + "</think><answer>4</answer>"; };
  EXPECT_EQ(Reason(Zero(with_think(kMinThinkCharacters))), "OK");
  EXPECT_EQ(Reason(Zero(with_think(kMinThinkCharacters - 1))), "EMPTY_THINK");
}

TEST(R1ZeroTest, APolicyMayAskForMoreThinkingOfWhichBlanksDoNotCount) {
  const auto reason = [](const std::string& think) {
    const std::string completion = "<think>" + think + "</think><answer>4</answer>";
    FormatInput input = Zero(completion);
    input.min_think_characters = 5;
    return Reason(input);
  };
  EXPECT_EQ(reason("a b c d e"), "OK");
  EXPECT_EQ(reason("a b c d"), "EMPTY_THINK");
  EXPECT_EQ(reason("a \u200B\u200B\u200Bb\n\n"), "EMPTY_THINK");
  EXPECT_EQ(reason("\u4f60\u4f60\u4f60\u4f60\u4f60"), "OK") << "characters, not bytes";
  EXPECT_EQ(reason("\u4f60\u4f60\u4f60\u4f60"), "EMPTY_THINK");
}

TEST(R1ZeroTest, AnUnterminatedBoxInTheAnswerIsNoAnswer) { EXPECT_EQ(Answer(Zero("<think>x</think><answer>\\boxed{4</answer>")), "(none)"); }

TEST(R1ZeroTest, AnEmptyBoxIsNoAnswer) { EXPECT_EQ(Answer(Zero("<think>x</think><answer>\\boxed{ }</answer>")), "(none)"); }

TEST(EosTest, AtMostOneDeclaredStringIsTakenOffTheEnd) {
  FormatInput input = Zero("<think>x</think><answer>4</answer><eos>");
  EXPECT_EQ(Answer(input), "TEXT_OUTSIDE");
  input.eos_strings = {"</s>", "<eos>"};
  EXPECT_EQ(Answer(input), "4");
  input.completion = "<think>x</think><answer>4</answer><eos><eos>";
  EXPECT_EQ(Answer(input), "TEXT_OUTSIDE");
  input.completion = "<think>x</think><answer>4</answer><eos> ";
  EXPECT_EQ(Answer(input), "TEXT_OUTSIDE");
  input.eos_strings = {"s>", "<eos>"};
  input.completion = "<think>x</think><answer>4</answer><eos>";
  EXPECT_EQ(Answer(input), "4") << "the longest one that fits is taken";
}

TEST(FinishReasonTest, ACompletionThatDidNotStopIsTruncatedHoweverItLooks) {
  FormatInput input = Zero("<think>x</think><answer>4</answer>");
  input.stopped = false;
  EXPECT_EQ(Answer(input), "TRUNCATED");
  input.shape = v1::TEMPLATE_BOXED_ONLY;
  EXPECT_EQ(Answer(input), "TRUNCATED");
}

TEST(R1ReleasedTest, TakesTheBoxAfterTheThinking) {
  const auto released = [](std::string_view completion) { return FormatInput{completion, v1::TEMPLATE_R1_RELEASED}; };
  EXPECT_EQ(Answer(released("<think>\nx\n</think>\n\nSo it is \\boxed{4}.")), "4");
  EXPECT_EQ(Answer(released("<think>\\boxed{3}</think>So it is 4.")), "(none)");
  EXPECT_EQ(Answer(released("<think>x</think>")), "EMPTY_ANSWER");
  EXPECT_EQ(Answer(released("x</think>\\boxed{4}")), "MISSING_TAG");
  EXPECT_EQ(Answer(released("a <think>x</think>\\boxed{4}")), "TEXT_OUTSIDE");
  EXPECT_EQ(Answer(released("<think>x</think>\\boxed{4}</think>")), "REPEATED_TAG");
  EXPECT_EQ(Answer(released("<think>x</think><answer>\\boxed{4}</answer>")), "LOOKALIKE_TAG");
  EXPECT_EQ(Answer(released("<think>x</think>" + std::string(5'000, 'a') + "\\boxed{4}")), "4") << "its text may be long";
}

TEST(BoxedOnlyTest, TakesTheLastBoxOfAnyText) {
  const auto boxed = [](std::string_view completion) { return FormatInput{completion, v1::TEMPLATE_BOXED_ONLY}; };
  EXPECT_EQ(Answer(boxed("so \\boxed{3}, no: \\boxed{4}")), "4");
  EXPECT_EQ(Answer(boxed("<think>x \\boxed{4}")), "4") << "it has no tags";
  EXPECT_EQ(Answer(boxed("the answer is 4")), "(none)");
  EXPECT_EQ(Answer(boxed(" ")), "EMPTY_ANSWER");
  EXPECT_EQ(Answer(boxed("\\boxed{\xC3}")), "BAD_ENCODING");
}

TEST(Gsm8kHashTest, TakesTheRestOfTheLineBehindTheLastFourHashes) {
  const auto hash = [](std::string_view completion) { return FormatInput{completion, v1::TEMPLATE_GSM8K_HASH}; };
  EXPECT_EQ(Answer(hash("5 + 7 = 12\n#### 12")), "12");
  EXPECT_EQ(Answer(hash("#### 11\nno\n#### 12\nthat is all")), "12");
  EXPECT_EQ(Answer(hash("#### $\\boxed{12}$.")), "12");
  EXPECT_EQ(Answer(hash("\\boxed{12}, the answer is 12")), "(none)") << "the template knows one anchor";
  EXPECT_EQ(Answer(hash("#### \n12")), "(none)");
  EXPECT_EQ(Answer(hash("#### \\boxed{12")), "(none)");
  EXPECT_EQ(Answer(hash("")), "EMPTY_ANSWER");
  EXPECT_EQ(Answer(hash("#### \x02")), "BAD_ENCODING");
  FormatInput cut = hash("#### 12");
  cut.stopped = false;
  EXPECT_EQ(Answer(cut), "TRUNCATED");
}

TEST(DapoAnswerTest, TakesTheRestOfTheLineBehindTheLastAnchor) {
  const auto dapo = [](std::string_view completion) { return FormatInput{completion, v1::TEMPLATE_DAPO_ANSWER}; };
  EXPECT_EQ(Answer(dapo("so\nAnswer: 12")), "12");
  EXPECT_EQ(Answer(dapo("Answer: 11\nwait\nAnswer: $12$\n")), "$12$");
  EXPECT_EQ(Answer(dapo("Answer: \\boxed{12}")), "12");
  EXPECT_EQ(Answer(dapo("it is \\boxed{12}")), "(none)");
  EXPECT_EQ(Answer(dapo("x = 12")), "(none)") << "no number is picked from the text";
}

TEST(BareAnswerTest, TheWholeTextIsTheAnswer) {
  const auto bare = [](std::string_view completion) { return FormatInput{completion, v1::TEMPLATE_BARE_ANSWER}; };
  EXPECT_EQ(Answer(bare(" 4\n")), "4");
  EXPECT_EQ(Answer(bare("\\boxed{4}")), "4");
  EXPECT_EQ(Answer(bare(" \\boxed{\\boxed{4}} ")), "4");
  EXPECT_EQ(Answer(bare("it is \\boxed{4}")), "it is \\boxed{4}") << "nothing is searched for";
  EXPECT_EQ(Answer(bare("\\boxed{4}\\boxed{5}")), "\\boxed{4}\\boxed{5}");
  EXPECT_EQ(Answer(bare("")), "(none)");
  EXPECT_EQ(Answer(bare(" \u200B ")), "(none)");
  EXPECT_EQ(Answer(bare("\xFF")), "\xFF");
}

}  // namespace
}  // namespace cohort::reward
