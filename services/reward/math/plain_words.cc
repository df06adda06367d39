#include "services/reward/math/plain_words.h"

#include <algorithm>
#include <iterator>

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxWords = 200;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::optional<std::string> WithoutTextCommands(std::string_view text) {
  static constexpr std::string_view kCommands[] = {"\\textbf", "\\textit", "\\textrm", "\\textsf", "\\texttt", "\\textnormal", "\\text", "\\mathrm", "\\mathbf", "\\mathit",
                                                   "\\mbox",   "\\emph",   "\\operatorname"};
  std::string plain;
  int depth = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\\') {
      const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands), [&](std::string_view name) {
        return text.substr(i, name.size()) == name && i + name.size() < text.size() && text[i + name.size()] == '{';
      });
      if (found != std::end(kCommands)) {
        i += found->size() + 1;
        ++depth;
        continue;
      }
      static constexpr std::string_view kSwitches[] = {"\\bf ", "\\it ", "\\rm ", "\\underline"};
      const auto* style = std::find_if(std::begin(kSwitches), std::end(kSwitches), [&](std::string_view name) { return text.substr(i, name.size()) == name; });
      if (style != std::end(kSwitches)) {
        i += style->size();
        continue;
      }
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (next == ' ' || next == ',' || next == ';' || next == '!' || next == ':') {
        plain += ' ';
        i += 2;
        continue;
      }
      return std::nullopt;
    }
    if (c == '{') ++depth;
    if (c == '}' && --depth < 0) return std::nullopt;
    if (c != '{' && c != '}' && c != '$') plain += IsSpace(c) ? ' ' : c;
    ++i;
  }
  return depth == 0 ? std::optional<std::string>(plain) : std::nullopt;
}

std::optional<std::vector<Word>> WordsOf(std::string_view text) {
  std::vector<Word> words;
  bool open = false;
  int brackets = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    brackets += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (brackets < 0) return std::nullopt;
    const bool between_digits = i > 0 && i + 1 < text.size() && IsDigit(text[i - 1]) && IsDigit(text[i + 1]);
    const bool between_letters = i > 0 && i + 1 < text.size() && IsLetter(text[i - 1]) && IsLetter(text[i + 1]);
    if (c == '!' && words.empty()) return std::nullopt;  // !True
    if (IsLetter(c) || IsDigit(c) || ((c == '.' || c == ':' || c == '/') && between_digits)) {
      if (!open) words.emplace_back();
      open = true;
      words.back().folded += Lower(c);
      words.back().written += c;
    } else if (c == '\'' && between_letters) {
      continue;  // don't
    } else if (c == '-' && !between_letters && !between_digits) {
      return std::nullopt;
    } else if (std::string_view(" .,;:!'\"-()/").find(c) != std::string_view::npos) {
      if (c == '/' && !between_letters) return std::nullopt;
      open = false;
    } else {
      return std::nullopt;
    }
    if (words.size() > kMaxWords) return std::nullopt;
  }
  return brackets == 0 ? std::optional(words) : std::nullopt;
}

std::string_view TrimmedWords(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace cohort::reward::math
