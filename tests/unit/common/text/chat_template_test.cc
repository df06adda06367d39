#include "common/text/chat_template.h"

#include <string>
#include <vector>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"

namespace cohort::text {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ChatTemplateTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) { EXPECT_OK(io::WriteFileAtomically(directory_ / name, content)); }

  absl::StatusOr<std::string> Render(const std::vector<ChatMessage>& messages, ChatEnding ending) {
    const auto chat = ChatTemplate::Load(directory_.path());
    return chat.ok() ? (*chat)->Render(messages, ending) : chat.status();
  }
  absl::StatusOr<std::string> RenderOne() { return Render({{"user", "hi"}}, ChatEnding::kAssistant); }

  testing::TempDir directory_;
};

TEST_F(ChatTemplateTest, ATokenizerWithoutOneIsRefusedWithTheRemedy) {
  Write("tokenizer_config.json", R"({"chat_template": null})");
  EXPECT_THAT(ChatTemplate::Load(directory_.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(directory_.path() + ": the tokenizer has no chat template"), HasSubstr("data.prompt_template"))));
}

TEST_F(ChatTemplateTest, IsReadFromTheTokenizersConfigOrAFileBesideWhichWins) {
  Write("tokenizer_config.json", R"({"chat_template": "config: {{ messages[0].content }}"})");
  EXPECT_THAT(RenderOne(), IsOkAndHolds("config: hi"));
  Write("chat_template.jinja", "file: {{ messages[0].content }}");
  EXPECT_THAT(RenderOne(), IsOkAndHolds("file: hi"));
}

TEST_F(ChatTemplateTest, OfSeveralTheDefaultOneIsTaken) {
  Write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]})");
  EXPECT_THAT(RenderOne(), IsOkAndHolds("b"));
  Write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "a"}]})");
  EXPECT_THAT(RenderOne(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tokenizer_config.json: chat_template: ")));
}

TEST_F(ChatTemplateTest, ATemplateThatIsNoJinjaIsRefusedWithTheLine) {
  Write("chat_template.jinja", "one\n{% for x in %}\n");
  EXPECT_THAT(ChatTemplate::Load(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("chat template: "), HasSubstr("line 2"))));
}

TEST_F(ChatTemplateTest, ThereIsNoClock) {
  Write("chat_template.jinja", "{% if strftime_now is defined %}{{ strftime_now('%d') }}{% else %}a fixed date{% endif %}");
  EXPECT_THAT(RenderOne(), IsOkAndHolds("a fixed date"));
}

TEST_F(ChatTemplateTest, TheLastTurnIsContinuedWhereItEnds) {
  Write("chat_template.jinja", "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}");
  EXPECT_THAT(Render({{"user", "hi"}, {"assistant", "<think>\n"}}, ChatEnding::kContinue), IsOkAndHolds("<user>hi</user><assistant><think>\n"));
  EXPECT_THAT(Render({{"user", "hi"}, {"assistant", "a"}}, ChatEnding::kComplete), IsOkAndHolds("<user>hi</user><assistant>a</assistant>"));
  Write("chat_template.jinja", "{{ messages[0].content }}");
  EXPECT_THAT(Render({{"user", "hi"}, {"assistant", "a"}}, ChatEnding::kContinue),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("end with a user's turn instead")));
}

}  // namespace
}  // namespace cohort::text
