#include "services/cli/grade/json_object.h"

#include "nlohmann/json.hpp"

namespace cohort::cli {
namespace {

using nlohmann::json;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks over the members of an object that is known to be valid JSON.
class MemberReader {
 public:
  explicit MemberReader(std::string_view object) : text_(object) {
    SkipSpaces();
    ++at_;  // '{'
  }

  std::optional<JsonMember> Next() {
    SkipSpaces();
    if (text_[at_] == ',') ++at_;
    SkipSpaces();
    if (text_[at_] == '}') return std::nullopt;
    JsonMember member;
    member.key = JsonText(TakeString()).value_or("");
    SkipSpaces();
    ++at_;  // ':'
    SkipSpaces();
    member.value = TakeValue();
    return member;
  }

 private:
  void SkipSpaces() {
    while (IsSpace(text_[at_])) ++at_;
  }
  std::string_view TakeString() {
    const size_t begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }
  std::string_view TakeValue() {
    const size_t begin = at_;
    size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        TakeString();
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || IsSpace(c))) break;
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      ++at_;
    } while (true);
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<JsonMember>> SplitJsonObject(std::string_view line) {
  size_t first = 0;
  while (first < line.size() && IsSpace(line[first])) ++first;
  if (first == line.size() || line[first] != '{' || !json::accept(line.begin(), line.end())) return std::nullopt;
  std::vector<JsonMember> members;
  MemberReader reader(line);
  while (std::optional<JsonMember> member = reader.Next()) members.push_back(*std::move(member));
  return members;
}

std::optional<std::string> JsonText(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::nullopt;
  if (value.find('\\') == std::string_view::npos) return std::string(value.substr(1, value.size() - 2));
  json parsed = json::parse(value.begin(), value.end(), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_string()) return std::nullopt;
  return std::move(parsed.get_ref<std::string&>());
}

std::optional<std::string> JsonTextOrNumber(std::string_view value) {
  const char first = value.empty() ? '\0' : value.front();
  if (first == '-' || (first >= '0' && first <= '9')) return std::string(value);
  return JsonText(value);
}

std::optional<std::vector<std::string>> JsonTexts(std::string_view value) {
  const json parsed = json::parse(value.begin(), value.end(), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const json& element : parsed) {
    if (!element.is_string()) return std::nullopt;
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::string ToJsonString(std::string_view text) { return json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace cohort::cli
