#include "common/reward/format/placeholders.h"

#include <string>

#include "common/reward/format/characters.h"
#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kPlaceholders[] = {
    "reasoning process here", "thinking process here", "your reasoning process here", "your thinking process here", "reasoning here", "thinking here",
    "your reasoning here", "answer here", "your answer here", "final answer here", "your final answer here", "insert answer here",
};
constexpr size_t kLongestPlaceholder = 64;  // A longer segment is none; keeps the folding short.
constexpr char32_t kEllipsis = 0x2026;

bool IsFrame(char32_t c) {
  return c == '.' || c == kEllipsis || c == '[' || c == ']' || c == '(' || c == ')' || c == '{' || c == '}' || c == '*' || c == '"' || c == '\'';
}

}  // namespace

bool IsPlaceholder(std::string_view segment) {
  const Span trimmed = TrimWhitespace(segment, {0, segment.size()});
  bool only_dots = !trimmed.empty();
  std::string folded;  // Lower case, one space between words, no invisible characters, no brackets or dots.
  bool space = false;
  for (size_t at = trimmed.begin; at < trimmed.end && (only_dots || folded.size() <= kLongestPlaceholder);) {
    const CodePoint c = DecodeUtf8(segment, at);
    if (c.bytes == 0) return false;
    at += c.bytes;
    if (IsInvisible(c.value)) continue;
    only_dots = only_dots && (c.value == '.' || c.value == kEllipsis || IsWhitespace(c.value));
    if (IsWhitespace(c.value) || IsFrame(c.value)) {
      space = !folded.empty();
      continue;
    }
    if (space) folded += ' ';
    space = false;
    folded += c.value < 0x80 ? (c.value >= 'A' && c.value <= 'Z' ? static_cast<char>(c.value - 'A' + 'a') : static_cast<char>(c.value)) : '?';
  }
  if (only_dots) return true;
  for (const std::string_view placeholder : kPlaceholders) {
    if (folded == placeholder) return true;
  }
  return false;
}

}  // namespace cohort::reward
