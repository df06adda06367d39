// Tokenizers and chat templates against Hugging Face transformers on a corpus of every script, emoji, code, special tokens and broken characters.

#include <string>
#include <vector>

#include "common/data/prompt_format.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/text/chat_template.h"
#include "common/text/tokenizer.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/golden/transformers/oracle_answers.h"

namespace cohort::golden {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;

using Ids = std::vector<int32_t>;

class TextsTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    made_ = new testing::TempDir;
    RunOracle({"texts.py", made_->path()}, *made_ / "log");
  }
  static void TearDownTestSuite() {
    delete made_;
    made_ = nullptr;
  }
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(tokenizer_, text::Tokenizer::Load(directory()));
    ASSERT_OK_AND_ASSIGN(const std::string content, io::ReadFile(directory() + "/expected.json"));
    expected_ = nlohmann::json::parse(content);
    ASSERT_GE(expected_.at("texts").size(), 200);
  }
  static std::string directory() { return *made_ / GetParam(); }

  static testing::TempDir* made_;
  std::unique_ptr<text::Tokenizer> tokenizer_;
  nlohmann::json expected_;
};
testing::TempDir* TextsTest::made_ = nullptr;

TEST_P(TextsTest, EncodesAsTransformersDoes) {
  for (const auto& row : expected_.at("texts")) {
    const auto text = row.at("text").get<std::string>();
    EXPECT_THAT(tokenizer_->Encode(text, /*add_special_tokens=*/false), testing::IsOkAndHolds(row.at("ids").get<Ids>())) << text;
    EXPECT_THAT(tokenizer_->Encode(text, /*add_special_tokens=*/true), testing::IsOkAndHolds(row.at("with_special").get<Ids>())) << text;
  }
}

TEST_P(TextsTest, DecodesAsTransformersDoesBrokenCharactersReplaced) {
  int broken = 0;
  for (const auto& row : expected_.at("tokens")) {
    const auto text = row.at("text").get<std::string>();
    broken += text.find("\xEF\xBF\xBD") != std::string::npos;
    EXPECT_THAT(tokenizer_->Decode(row.at("ids").get<Ids>(), /*skip_special_tokens=*/false), testing::IsOkAndHolds(text));
    EXPECT_THAT(tokenizer_->Decode(row.at("ids").get<Ids>(), /*skip_special_tokens=*/true),
                testing::IsOkAndHolds(row.at("without_special").get<std::string>()));
  }
  EXPECT_GT(broken, 50);
}

// Pieces are whole characters: none ends within one, none begins within one.
bool IsWhole(const std::string& piece) {
  size_t i = 0;
  while (i < piece.size()) {
    const unsigned char lead = static_cast<unsigned char>(piece[i]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
    if (length == 0 || i + length > piece.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(piece[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

TEST_P(TextsTest, IncrementalDecodingGivesTheSameTextInWholeCharacters) {
  for (const auto& row : expected_.at("tokens")) {
    text::IncrementalDecoder decoder(*tokenizer_);
    std::string text;
    for (const int32_t id : row.at("ids").get<Ids>()) {
      ASSERT_OK_AND_ASSIGN(const std::string piece, decoder.Push(id));
      EXPECT_TRUE(IsWhole(piece)) << piece;
      text += piece;
    }
    ASSERT_OK_AND_ASSIGN(const std::string rest, decoder.Finish());
    EXPECT_EQ(text + rest, row.at("without_special").get<std::string>());
  }
}

TEST_P(TextsTest, RendersConversationsAsTransformersDoes) {
  ASSERT_OK_AND_ASSIGN(const auto chat, text::ChatTemplate::Load(directory()));
  for (const auto& row : expected_.at("chats")) {
    std::vector<text::ChatMessage> messages;
    for (const auto& message : row.at("messages")) messages.push_back({message.at("role"), message.at("content")});
    const auto ending = row.at("ending").get<std::string>();
    const auto kind = ending == "assistant"  ? text::ChatEnding::kAssistant
                      : ending == "continue" ? text::ChatEnding::kContinue
                                             : text::ChatEnding::kComplete;
    ASSERT_OK_AND_ASSIGN(const std::string rendered, chat->Render(messages, kind));
    EXPECT_EQ(rendered, row.at("text").get<std::string>());
    EXPECT_THAT(tokenizer_->Encode(rendered, /*add_special_tokens=*/false), testing::IsOkAndHolds(row.at("ids").get<Ids>()));
  }
}

// The same conversations by way of a run's config: system prompt and beginning of the assistant's turn from there, the rest from the data set.
TEST_P(TextsTest, PromptsOfARunAreWhatTransformersMakesOfTheConversation) {
  int with_system = 0, with_prefix = 0;
  for (const auto& row : expected_.at("chats")) {
    if (row.at("ending") == "complete") continue;
    config::v1::DataSection form;
    form.set_chat(true);
    data::Problem problem;
    for (const auto& message : row.at("messages")) problem.messages.push_back({message.at("role"), message.at("content")});
    if (row.at("ending") == "continue") {
      form.set_assistant_prefix(problem.messages.back().content);
      problem.messages.pop_back();
      ++with_prefix;
    }
    if (problem.messages.front().role == "system") {
      form.set_system_prompt(problem.messages.front().content);
      problem.messages.erase(problem.messages.begin());
      ++with_system;
    }
    ASSERT_OK_AND_ASSIGN(const data::PromptFormat format, data::PromptFormat::Load(form, directory()));
    ASSERT_OK_AND_ASSIGN(const data::FormattedPrompt prompt, format.Format(problem));
    EXPECT_EQ(prompt.text, row.at("text").get<std::string>());
    EXPECT_EQ(prompt.token_ids, row.at("ids").get<Ids>());
  }
  EXPECT_GT(with_system, 0);
  EXPECT_GT(with_prefix, 0);
}

TEST_P(TextsTest, ATemplateRefusesInItsOwnWords) {
  ASSERT_OK_AND_ASSIGN(const auto chat, text::ChatTemplate::Load(directory()));
  const bool thinking = GetParam() == "thinking";
  const std::vector<text::ChatMessage> messages = {{"user", "a"}, {thinking ? "narrator" : "user", "b"}};
  EXPECT_THAT(chat->Render(messages, text::ChatEnding::kAssistant),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(thinking ? "no role is called narrator" : "turns must alternate")));
}

INSTANTIATE_TEST_SUITE_P(Kinds, TextsTest, ::testing::Values("thinking", "trimming"), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace cohort::golden
