#include "common/data/prompt_format.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::data {

std::string ApplyTemplate(const std::string& prompt_template, const std::string& prompt) {
  return absl::StrReplaceAll(prompt_template, {{"{prompt}", prompt}});
}

ProblemColumns ColumnsOf(const config::v1::DataSection& data) {
  return {data.prompt_column(), data.messages_column(), data.answer_column(), data.source_column()};
}

absl::StatusOr<PromptFormat> PromptFormat::Load(const config::v1::DataSection& data, const std::string& model_directory) {
  COHORT_ASSIGN_OR_RETURN(std::shared_ptr<const text::Tokenizer> tokenizer, text::Tokenizer::Load(model_directory));
  std::shared_ptr<const text::ChatTemplate> chat;
  if (data.chat()) {
    COHORT_ASSIGN_OR_RETURN(chat, text::ChatTemplate::Load(model_directory));
  }
  return PromptFormat(data, std::move(tokenizer), std::move(chat));
}

std::vector<text::ChatMessage> PromptFormat::Conversation(const Problem& problem) const {
  std::vector<text::ChatMessage> messages;
  for (const Turn& turn : problem.messages) messages.push_back({turn.role, turn.content});
  if (messages.empty()) messages.push_back({"user", ApplyTemplate(data_.prompt_template(), problem.prompt)});
  const bool has_system = std::any_of(messages.begin(), messages.end(), [](const auto& message) { return message.role == "system"; });
  if (!data_.system_prompt().empty() && !has_system) messages.insert(messages.begin(), {"system", data_.system_prompt()});
  return messages;
}

absl::StatusOr<std::string> PromptFormat::Render(const Problem& problem) const {
  std::vector<text::ChatMessage> messages = Conversation(problem);
  if (data_.assistant_prefix().empty()) return chat_->Render(messages, text::ChatEnding::kAssistant);
  messages.push_back({"assistant", data_.assistant_prefix()});
  auto text = chat_->Render(messages, text::ChatEnding::kContinue);
  return text.ok() ? text : Annotate(text.status(), "data.assistant_prefix");
}

absl::StatusOr<FormattedPrompt> PromptFormat::Format(const Problem& problem) const {
  FormattedPrompt prompt;
  if (chat_ == nullptr) {
    prompt.text = ApplyTemplate(data_.prompt_template(), problem.prompt);
  } else {
    COHORT_ASSIGN_OR_RETURN(prompt.text, Render(problem));
  }
  // A chat template has written the special tokens itself.
  COHORT_ASSIGN_OR_RETURN(prompt.token_ids, tokenizer_->Encode(prompt.text, /*add_special_tokens=*/chat_ == nullptr));
  return prompt;
}

}  // namespace cohort::data
