#include "services/coderunner/server/item_reader.h"

#include <string>

#include "common/reward/request/limits.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;
using cohort::testing::StatusIs;
using ::testing::HasSubstr;

v1::ScoreItem Item(const std::string& completion) {
  v1::ScoreItem item;
  item.set_id("x");
  item.set_completion(completion);
  item.set_gold_answer(R"({"tests": [{"stdin": "", "stdout": "1"}]})");
  item.set_policy_id("bare:code");
  item.set_finish_reason(common::v1::FINISH_REASON_STOP);
  return item;
}

TEST(CodePolicyTest, KnowsOneSetting) {
  EXPECT_EQ(*ReadCodePolicy("code"), v1::TEMPLATE_UNSPECIFIED);
  EXPECT_EQ(*ReadCodePolicy("r1_zero:code"), v1::TEMPLATE_R1_ZERO);
  EXPECT_THAT(ReadCodePolicy("exact"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("set reward.policy to 'code'")));
  EXPECT_FALSE(ReadCodePolicy("").ok());
  EXPECT_THAT(ReadCodePolicy("gsm8k:code"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("one line")));
  EXPECT_THAT(ReadCodePolicy("latex:code"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("templates are")));
}

TEST(ItemReaderTest, ReadsAProgramWithItsProblem) {
  ItemReader reader;
  ASSERT_OK_AND_ASSIGN(const PreparedItem item, reader.Read(0, Item("print(1)")));
  EXPECT_TRUE(item.runs());
  EXPECT_EQ(item.program.source, "print(1)");
  ASSERT_OK_AND_ASSIGN(const PreparedItem next, reader.Read(1, Item("print(2)")));
  EXPECT_EQ(next.problem, item.problem);  // Read once.
}

TEST(ItemReaderTest, NamesTheItemThatIsMalformed) {
  ItemReader reader;
  v1::ScoreItem item = Item("print(1)");
  item.set_policy_id("bare:exact");
  EXPECT_THAT(reader.Read(3, item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("items[3] (id 'x'): policy 'bare:exact'")));
  item = Item("print(1)");
  item.set_template_(v1::TEMPLATE_R1_ZERO);
  EXPECT_THAT(reader.Read(0, item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("template is r1_zero, but policy_id says bare")));
  item.set_policy_id("code");
  item.set_template_(v1::TEMPLATE_DAPO_ANSWER);
  EXPECT_THAT(reader.Read(0, item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("template dapo has one line")));
  item = Item("print(1)");
  item.set_gold_answer(std::string(reward::kMaxProblemBytes + 1, 'x'));
  EXPECT_THAT(reader.Read(0, item), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("gold_answer is longer")));
}

TEST(ItemReaderTest, ABadReferenceDecidesBeforeEverythingElse) {
  ItemReader reader;
  v1::ScoreItem item = Item("");
  item.set_gold_answer("3");
  item.set_explain(true);
  ASSERT_OK_AND_ASSIGN(const PreparedItem prepared, reader.Read(0, item));
  EXPECT_FALSE(prepared.runs());
  v1::ScoreResult result;
  FillResult(item, prepared, nullptr, result);
  EXPECT_EQ(result.verdict(), v1::VERDICT_GOLD_UNPARSEABLE);
  EXPECT_THAT(result.explanation().rule(), HasSubstr("has to be an object"));
}

TEST(ItemReaderTest, FillsWhatWasDecidedAndMeasured) {
  ItemReader reader;
  v1::ScoreItem item = Item("one two one two");
  item.mutable_auxiliary()->set_repetition_ngram(2);
  item.set_explain(true);
  ASSERT_OK_AND_ASSIGN(const PreparedItem prepared, reader.Read(0, item));
  Judgement judgement{v1::VERDICT_INCORRECT, v1::METHOD_TEXT, 17, "test 1 of 1: \xff"};
  v1::ScoreResult result;
  FillResult(item, prepared, &judgement, result);
  EXPECT_EQ(result.id(), "x");
  EXPECT_TRUE(result.format_ok());
  EXPECT_EQ(result.verdict(), v1::VERDICT_INCORRECT);
  EXPECT_EQ(result.micros(), 17u);
  EXPECT_EQ(result.answer_end(), 15u);
  EXPECT_EQ(result.policy_id(), "bare:code");
  EXPECT_LT(result.auxiliary().repetition(), 0);
  EXPECT_EQ(result.explanation().gold_canonical(), "1 tests of standard output");
  EXPECT_EQ(result.explanation().rule(), "test 1 of 1: ?");
}

}  // namespace
}  // namespace cohort::coderunner
