#include "common/data/prompts.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "tests/unit/common/data/fixtures.h"

namespace cohort::data {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A checkpoint's directory with the word-level tokenizer of common/text's tests, which gives every digit a token and adds <bos> by itself, and a chat template that writes it.
class PromptsTest : public ::testing::Test {
 protected:
  PromptsTest() {
    config_.mutable_data()->set_prompt_template("{prompt}");
    config_.mutable_data()->set_prompt_column("prompt");
    config_.mutable_data()->set_answer_column("answer");
    config_.mutable_data()->set_max_prompt_tokens(100);
    config_.mutable_rollout()->set_max_new_tokens(10);
    std::filesystem::copy("tests/unit/common/text/fixtures/words", directory_.path());
  }

  void WriteChatTemplate() {
    EXPECT_OK(io::WriteFileAtomically(directory_ / "chat_template.jinja",
                                      "<bos>{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
                                      "{% if add_generation_prompt %}[assistant] {% endif %}"));
    config_.mutable_data()->set_chat(true);
  }
  absl::StatusOr<PromptSet> Load(const std::string& rows, int64_t max_positions = 0) {
    EXPECT_OK(io::WriteFileAtomically(path_, rows));
    return LoadFile(path_, max_positions);
  }
  absl::StatusOr<PromptSet> LoadFile(const std::string& path, int64_t max_positions = 0) {
    const auto format = PromptFormat::Load(config_.data(), directory_.path());
    return format.ok() ? LoadPrompts(config_, path, *format, max_positions) : format.status();
  }
  absl::StatusOr<std::string> TextOf(const std::string& rows) {
    const auto set = Load(rows);
    return set.ok() ? absl::StatusOr<std::string>(set->prompts.at(0).text) : set.status();
  }

  TempDir directory_;
  const std::string path_ = directory_ / "train.jsonl";
  config::v1::RunConfig config_;
};

constexpr char kOne[] = "{\"prompt\": \"1\", \"answer\": 2}\n";
constexpr char kThree[] = "{\"prompt\": \"1\", \"answer\": 2}\n{\"prompt\": \"111\", \"answer\": 3}\n{\"prompt\": \"11\", \"answer\": 4}\n";

TEST_F(PromptsTest, PlainPromptsAreTheTemplateWithTheTokenizersOwnSpecialTokens) {
  config_.mutable_data()->set_prompt_template("{prompt}{prompt}");
  ASSERT_OK_AND_ASSIGN(const PromptSet set, Load(kOne));
  ASSERT_THAT(set.prompts, SizeIs(1));
  EXPECT_EQ(set.prompts[0].text, "11");
  EXPECT_EQ(set.prompts[0].gold_answer, "2");
  EXPECT_EQ(set.prompts[0].place, path_ + ":1");
  ASSERT_THAT(set.prompts[0].token_ids, SizeIs(3));  // <bos> in front.
  EXPECT_EQ(set.prompts[0].token_ids[1], set.prompts[0].token_ids[2]);
  EXPECT_EQ(LeftOutText(set), "");
}

TEST_F(PromptsTest, TheTemplatesPlaceholderIsReplacedAndNothingElse) {
  EXPECT_EQ(ApplyTemplate("User: {prompt} Assistant:", "1 + {x} = ?"), "User: 1 + {x} = ? Assistant:");
  EXPECT_EQ(ApplyTemplate("{prompt}", "{prompt}"), "{prompt}");
}

TEST_F(PromptsTest, AChatHasSystemPromptUsersTurnAndTheBeginningOfTheAnswer) {
  WriteChatTemplate();
  config_.mutable_data()->set_prompt_template("Q: {prompt}");
  EXPECT_THAT(TextOf(kOne), testing::IsOkAndHolds("<bos>[user] Q: 1\n[assistant] "));
  config_.mutable_data()->set_system_prompt("Be brief.");
  EXPECT_THAT(TextOf(kOne), testing::IsOkAndHolds("<bos>[system] Be brief.\n[user] Q: 1\n[assistant] "));
  config_.mutable_data()->set_assistant_prefix("<think>\n");
  config_.mutable_reward()->set_think_prefilled(true);
  EXPECT_THAT(TextOf(kOne), testing::IsOkAndHolds("<bos>[system] Be brief.\n[user] Q: 1\n[assistant] <think>\n"));
}

TEST_F(PromptsTest, SpecialTokensThatTheChatTemplateWroteAreNotAddedAgain) {
  ASSERT_OK_AND_ASSIGN(const PromptSet plain, Load(kOne));
  WriteChatTemplate();
  ASSERT_OK_AND_ASSIGN(const PromptSet chat, Load(kOne));
  const int32_t bos = plain.prompts[0].token_ids[0];
  EXPECT_EQ(chat.prompts[0].token_ids[0], bos);
  EXPECT_EQ(std::count(chat.prompts[0].token_ids.begin(), chat.prompts[0].token_ids.end(), bos), 1);
}

TEST_F(PromptsTest, ConversationsKeepTheirOwnSystemTurn) {
  WriteChatTemplate();
  config_.mutable_data()->set_messages_column("prompt");
  config_.mutable_data()->set_answer_column("reward_model.ground_truth");
  config_.mutable_data()->set_system_prompt("Think.");
  ASSERT_OK_AND_ASSIGN(const PromptSet set, LoadFile(FixturePath("conversations.parquet")));
  ASSERT_THAT(set.prompts, SizeIs(2));
  EXPECT_EQ(set.prompts[0].text, "<bos>[system] Think.\n[user] 1 + 1\n[assistant] ");
  EXPECT_EQ(set.prompts[1].text, "<bos>[system] Be brief.\n[user] 2 + 2\n[assistant] ");
}

TEST_F(PromptsTest, ATokenizerWithoutChatTemplateIsRefusedWithTheRemedy) {
  config_.mutable_data()->set_chat(true);
  EXPECT_THAT(Load(kOne), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   AllOf(HasSubstr(directory_.path()), HasSubstr("no chat template"), HasSubstr("data.prompt_template"))));
}

TEST_F(PromptsTest, AConversationThatTheTemplateRefusesIsNamedByItsRow) {
  WriteChatTemplate();
  EXPECT_OK(io::WriteFileAtomically(directory_ / "chat_template.jinja", "{{ raise_exception('only robots') }}"));
  EXPECT_THAT(Load(kOne), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_ + ":1: "), HasSubstr("only robots"))));
}

TEST_F(PromptsTest, APrefixThatTheTemplateDoesNotPrintIsRefusedByItsField) {
  WriteChatTemplate();
  config_.mutable_data()->set_assistant_prefix("Well,");
  EXPECT_OK(io::WriteFileAtomically(directory_ / "chat_template.jinja", "{{ messages[0].content }}"));
  EXPECT_THAT(Load(kOne), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_ + ":1: data.assistant_prefix: "))));
}

TEST_F(PromptsTest, AChatTemplateThatBeginsTheReasoningMustBeKnown) {
  WriteChatTemplate();
  EXPECT_OK(io::WriteFileAtomically(directory_ / "chat_template.jinja", "{{ messages[0].content }}{% if add_generation_prompt %}<think>\n{% endif %}"));
  EXPECT_THAT(Load(kOne), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("set reward.think_prefilled to true")));
  config_.mutable_reward()->set_think_prefilled(true);
  EXPECT_OK(Load(kOne));
  WriteChatTemplate();
  EXPECT_THAT(Load(kOne), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("data.assistant_prefix")));
}

TEST_F(PromptsTest, TheFirstPromptThatIsTooLongOrTooShortIsRefused) {
  config_.mutable_data()->set_max_prompt_tokens(3);
  EXPECT_THAT(Load(kThree), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_ + ":2: the prompt has 4 tokens"),
                                                                               HasSubstr("data.max_prompt_tokens = 3"), HasSubstr("data.drop_by_length"))));
  config_.mutable_data()->set_max_prompt_tokens(100);
  config_.mutable_data()->set_min_prompt_tokens(3);
  EXPECT_THAT(Load(kThree), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(path_ + ":1: "), HasSubstr("data.min_prompt_tokens = 3"))));
}

TEST_F(PromptsTest, PromptsOfTheWrongLengthAreLeftOutAndCounted) {
  config_.mutable_data()->set_min_prompt_tokens(3);
  config_.mutable_data()->set_max_prompt_tokens(3);
  config_.mutable_data()->set_drop_by_length(true);
  ASSERT_OK_AND_ASSIGN(const PromptSet set, Load(kThree));
  ASSERT_THAT(set.prompts, SizeIs(1));
  EXPECT_EQ(set.prompts[0].gold_answer, "4");
  EXPECT_EQ(LeftOutText(set), "2 of 3 rows left out: 1 too short, 1 too long");
  config_.mutable_data()->set_min_prompt_tokens(50);
  config_.mutable_data()->set_max_prompt_tokens(60);
  EXPECT_THAT(Load(kThree), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all 3 prompts were left out by their length (3 too short, 0 too long)")));
}

TEST_F(PromptsTest, PromptAndCompletionFitIntoTheModel) {
  EXPECT_OK(Load(kThree, /*max_positions=*/14));
  EXPECT_THAT(Load(kThree, /*max_positions=*/13), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr(":2: "), HasSubstr("the model's 13 positions"))));
  config_.mutable_data()->set_drop_by_length(true);
  ASSERT_OK_AND_ASSIGN(const PromptSet set, Load(kThree, /*max_positions=*/13));
  EXPECT_EQ(set.too_long, 1);
}

}  // namespace
}  // namespace cohort::data
