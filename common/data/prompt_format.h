#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/data/problems.h"
#include "common/text/chat_template.h"
#include "common/text/tokenizer.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::data {

// What a model sees of a problem.
struct FormattedPrompt {
  std::string text;
  std::vector<int32_t> token_ids;
};

// How a run turns problems into prompts: `prompt_template`, and with `chat` the checkpoint's chat template around it, with a system prompt before and the
// beginning of the assistant's turn behind. Immutable, hence thread-safe; copies share tokenizer and template.
class PromptFormat {
 public:
  // Loads the tokenizer and, where `data` asks for it, the chat template of the checkpoint in `model_directory`. FAILED_PRECONDITION when data.chat is set
  // for a tokenizer without chat template; other errors name the file.
  static absl::StatusOr<PromptFormat> Load(const config::v1::DataSection& data, const std::string& model_directory);

  // INVALID_ARGUMENT: the chat template refuses the conversation, in its own words.
  absl::StatusOr<FormattedPrompt> Format(const Problem& problem) const;

 private:
  PromptFormat(const config::v1::DataSection& data, std::shared_ptr<const text::Tokenizer> tokenizer, std::shared_ptr<const text::ChatTemplate> chat)
      : data_(data), tokenizer_(std::move(tokenizer)), chat_(std::move(chat)) {}
  std::vector<text::ChatMessage> Conversation(const Problem& problem) const;
  absl::StatusOr<std::string> Render(const Problem& problem) const;

  config::v1::DataSection data_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::shared_ptr<const text::ChatTemplate> chat_;  // Null: prompts are plain text.
};

// `prompt_template` with every {prompt} replaced by `prompt`.
std::string ApplyTemplate(const std::string& prompt_template, const std::string& prompt);

// The columns that `data` names.
ProblemColumns ColumnsOf(const config::v1::DataSection& data);

}  // namespace cohort::data
