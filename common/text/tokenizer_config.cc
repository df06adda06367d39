#include "common/text/tokenizer_config.h"

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::text {
namespace {

constexpr const char* kSpecialTokens[] = {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

// A token is written as its text or as an object with "content".
std::optional<std::string> TokenContent(const nlohmann::json& token) {
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content") && token["content"].is_string()) return token["content"].get<std::string>();
  return std::nullopt;
}

// A template is written as its source or, where there are several, as a list of {"name", "template"}; the one called "default" is taken.
absl::Status ReadChatTemplate(const std::string& path, const nlohmann::json& value, TokenizerConfig& config) {
  if (value.is_string()) {
    config.chat_template = value.get<std::string>();
    return absl::OkStatus();
  }
  if (value.is_array()) {
    for (const auto& entry : value) {
      if (entry.is_object() && entry.value("name", "") == "default" && entry.contains("template") && entry["template"].is_string()) {
        config.chat_template = entry["template"].get<std::string>();
        return absl::OkStatus();
      }
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": chat_template: expected a text, or a list with a template called 'default'; fetch the file again"));
}

absl::Status ReadFields(const std::string& path, const nlohmann::json& json, TokenizerConfig& config) {
  for (const char* key : kSpecialTokens) {
    const auto token = json.contains(key) ? TokenContent(json[key]) : std::nullopt;
    if (token && !token->empty()) config.special_tokens[key] = *token;
  }
  if (json.contains("add_bos_token") && !json["add_bos_token"].is_null()) {
    if (!json["add_bos_token"].is_boolean()) return absl::InvalidArgumentError(absl::StrCat(path, ": add_bos_token: expected true or false"));
    config.add_bos_token = json["add_bos_token"].get<bool>();
  }
  if (config.add_bos_token && !config.special_tokens.contains("bos_token")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": add_bos_token is true but there is no bos_token; name the token, or set add_bos_token to false"));
  }
  if (json.contains("chat_template") && !json["chat_template"].is_null()) return ReadChatTemplate(path, json["chat_template"], config);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenizerConfig> LoadTokenizerConfig(const std::string& directory) {
  TokenizerConfig config;
  const std::string path = directory + "/tokenizer_config.json";
  const auto content = io::ReadFile(path);
  if (!absl::IsNotFound(content.status())) {
    COHORT_RETURN_IF_ERROR(content.status());
    const auto json = nlohmann::json::parse(*content, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": is not a JSON object; fetch the file again"));
    COHORT_RETURN_IF_ERROR(ReadFields(path, json, config));
  }
  auto separate = io::ReadFile(directory + "/chat_template.jinja");  // Newer checkpoints keep the template beside; it wins.
  if (separate.ok()) {
    config.chat_template = *std::move(separate);
  } else if (!absl::IsNotFound(separate.status())) {
    return separate.status();
  }
  return config;
}

}  // namespace cohort::text
