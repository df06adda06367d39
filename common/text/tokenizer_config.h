#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace cohort::text {

// What tokenizer_config.json and chat_template.jinja add to tokenizer.json.
struct TokenizerConfig {
  bool add_bos_token = false;
  std::map<std::string, std::string> special_tokens;  // "bos_token", "eos_token", … to their texts; those that are set.
  std::optional<std::string> chat_template;           // Jinja source.
};

// Reads the files of `directory`; without them everything keeps its default. INVALID_ARGUMENT names file and field.
absl::StatusOr<TokenizerConfig> LoadTokenizerConfig(const std::string& directory);

}  // namespace cohort::text
