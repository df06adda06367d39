#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace cohort::text {

// One turn of a conversation.
struct ChatMessage {
  std::string role;  // "system", "user", "assistant", or what else the template knows.
  std::string content;
};

// How a rendered conversation ends.
enum class ChatEnding {
  kComplete,   // After the last turn.
  kAssistant,  // Where the assistant's turn begins: the model answers.
  kContinue,   // Within the last turn, which is the assistant's: the model goes on with what is there, for instance after "<think>\n".
};

// The chat template of a checkpoint: Jinja, rendered as Hugging Face transformers does. The date is no part of it: templates that would print today's
// (strftime_now) see no such function and take their fixed one, so that a prompt is the same on every day (decision "Chat templates see no clock").
// Immutable after loading, hence thread-safe.
class ChatTemplate {
 public:
  // Takes chat_template.jinja or the field of tokenizer_config.json. FAILED_PRECONDITION when the directory has neither, INVALID_ARGUMENT when the
  // template is no Jinja that can be compiled; both name the file and the remedy.
  static absl::StatusOr<std::unique_ptr<ChatTemplate>> Load(const std::string& directory);
  ~ChatTemplate();

  ChatTemplate(const ChatTemplate&) = delete;
  ChatTemplate& operator=(const ChatTemplate&) = delete;

  // The conversation as one text. Encode it without adding special tokens: the template has written them. INVALID_ARGUMENT with the template's own
  // words when it refuses the messages (roles that do not alternate, say), or when kContinue meets a last turn that it does not print as it stands.
  absl::StatusOr<std::string> Render(absl::Span<const ChatMessage> messages, ChatEnding ending) const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort::text
