#include "common/text/chat_template.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/rust/rust_text.h"
#include "common/status/status_macros.h"
#include "common/text/text_c.h"
#include "common/text/tokenizer_config.h"
#include "nlohmann/json.hpp"

namespace cohort::text {

using rust::Check;
using rust::Take;

namespace {

// Stands after the text that the model shall continue; the blank tells whether the template trims the turn.
constexpr absl::string_view kMark = "\xEE\x80\x80 continue here \xEE\x80\x80";
constexpr absl::string_view kBlank = " ";

absl::StatusOr<std::string> CutAtMark(std::string text) {
  const size_t at = text.rfind(std::string(kMark));
  if (at == std::string::npos) {
    return absl::InvalidArgumentError(
        "chat template: the last turn, which the model shall continue, is not printed as it stands; end with a user's turn instead");
  }
  const bool kept = text.compare(at + kMark.size(), kBlank.size(), kBlank.data(), kBlank.size()) == 0;
  text.resize(at);
  if (!kept) absl::StripTrailingAsciiWhitespace(&text);  // The template trims turns, so the continued one must not end in blanks either.
  return text;
}

}  // namespace

struct ChatTemplate::Impl {
  struct Free {
    void operator()(CohortChatTemplate* chat_template) const { cohort_chat_template_free(chat_template); }
  };
  std::unique_ptr<CohortChatTemplate, Free> chat_template;
  std::map<std::string, std::string> special_tokens;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::~ChatTemplate() = default;

absl::StatusOr<std::unique_ptr<ChatTemplate>> ChatTemplate::Load(const std::string& directory) {
  COHORT_ASSIGN_OR_RETURN(TokenizerConfig config, LoadTokenizerConfig(directory));
  if (!config.chat_template) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, ": the tokenizer has no chat template (neither chat_template.jinja nor chat_template in tokenizer_config.json); "
                                "take a model that was tuned to chat, or write the prompt's form yourself in data.prompt_template"));
  }
  CohortChatTemplate* loaded = nullptr;
  const std::string& source = *config.chat_template;
  COHORT_RETURN_IF_ERROR(Check(cohort_chat_template_load(source.data(), source.size(), &loaded), absl::StrCat(directory, ": chat template")));
  auto impl = std::make_unique<Impl>();
  impl->chat_template.reset(loaded);
  impl->special_tokens = std::move(config.special_tokens);
  return std::unique_ptr<ChatTemplate>(new ChatTemplate(std::move(impl)));
}

absl::StatusOr<std::string> ChatTemplate::Render(absl::Span<const ChatMessage> messages, ChatEnding ending) const {
  nlohmann::ordered_json variables = impl_->special_tokens;
  variables["messages"] = nlohmann::ordered_json::array();
  for (const ChatMessage& message : messages) variables["messages"].push_back({{"role", message.role}, {"content", message.content}});
  variables["add_generation_prompt"] = ending == ChatEnding::kAssistant;
  variables["tools"] = nullptr;
  variables["documents"] = nullptr;
  if (ending == ChatEnding::kContinue) {
    if (messages.empty()) return absl::InvalidArgumentError("chat template: there is no turn to continue");
    variables["messages"].back()["content"] = absl::StrCat(messages.back().content, kMark, kBlank);
  }
  const std::string json = variables.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  CohortText text{nullptr, 0};
  COHORT_RETURN_IF_ERROR(Check(cohort_chat_template_render(impl_->chat_template.get(), json.data(), json.size(), &text), "chat template"));
  std::string rendered = Take(text);
  return ending == ChatEnding::kContinue ? CutAtMark(std::move(rendered)) : rendered;
}

}  // namespace cohort::text
