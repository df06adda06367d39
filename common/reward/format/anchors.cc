#include "common/reward/format/anchors.h"

#include <cstddef>

#include "common/reward/format/characters.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kHashes = "####";
constexpr std::string_view kAnswer = "answer";
constexpr std::string_view kEmphasis = "***";  // The most asterisks that mean emphasis.
constexpr std::string_view kStrong = "**";
constexpr std::string_view kFullWidthColon = "\xEF\xBC\x9A";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsBlankCharacter(char c) { return c == ' ' || c == '\t'; }
bool IsWordByte(char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '_' || c == '\\'; }

bool IsAt(std::string_view text, size_t at, std::string_view lower_case) {
  if (text.size() - at < lower_case.size()) return false;
  for (size_t i = 0; i < lower_case.size(); ++i) {
    const char c = text[at + i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower_case[i]) return false;
  }
  return true;
}

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && IsBlankCharacter(text[at])) ++at;
  return at;
}

size_t EndOfLine(std::string_view text, size_t at) {
  const size_t end = text.find_first_of("\n\r", at);
  return end == std::string_view::npos ? text.size() : end;
}

// How many asterisks stand right before `at`.
size_t EmphasisBefore(std::string_view text, size_t at) {
  size_t count = 0;
  while (count < at && text[at - count - 1] == '*') ++count;
  return count;
}

// Where the anchor that begins at `at` ends; npos when none begins there.
size_t EndOfAnchor(std::string_view text, size_t at) {
  if (!IsAt(text, at, kAnswer)) return std::string_view::npos;
  size_t end = SkipBlanks(text, at + kAnswer.size());
  const bool says_is = end > at + kAnswer.size() && IsAt(text, end, "is") && (end + 2 == text.size() || !IsWordByte(text[end + 2]));
  if (says_is) end = SkipBlanks(text, end + 2);
  if (end < text.size() && text[end] == ':') return end + 1;
  if (text.substr(end, kFullWidthColon.size()) == kFullWidthColon) return end + kFullWidthColon.size();
  return says_is ? end : std::string_view::npos;
}

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
bool EndsWith(std::string_view text, std::string_view end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

// The rest of the line behind an anchor with `asterisks` of them in front, without those that close the emphasis or stand around all of the rest.
Span RestOfLine(std::string_view text, size_t begin, size_t asterisks) {
  Span rest{begin, EndOfLine(text, begin)};
  const std::string_view opened = kEmphasis.substr(0, asterisks);
  const bool closed_at_once = StartsWith(rest.In(text), opened);
  if (closed_at_once) rest.begin += opened.size();
  rest = TrimWhitespace(text, rest);
  if (!closed_at_once && EndsWith(rest.In(text), opened)) rest.end -= opened.size();
  rest = TrimWhitespace(text, rest);
  const bool emphasised = rest.size() > 2 * kStrong.size() && StartsWith(rest.In(text), kStrong) && EndsWith(rest.In(text), kStrong);
  return emphasised ? TrimWhitespace(text, {rest.begin + kStrong.size(), rest.end - kStrong.size()}) : rest;
}

}  // namespace

std::optional<Span> FindHashAnswer(std::string_view text) {
  for (size_t end = text.size(); end >= kHashes.size();) {
    const size_t last = text.rfind('#', end - 1);
    if (last == std::string_view::npos) return std::nullopt;
    size_t first = last;
    while (first > 0 && text[first - 1] == '#') --first;
    if (last - first + 1 == kHashes.size()) return TrimWhitespace(text, {last + 1, EndOfLine(text, last + 1)});
    end = first;
  }
  return std::nullopt;
}

std::optional<Span> FindAnswerLine(std::string_view text) {
  for (size_t at = text.size(); at-- > 0;) {
    if (text[at] != 'a' && text[at] != 'A') continue;
    if (at > 0 && IsWordByte(text[at - 1])) continue;
    const size_t end = EndOfAnchor(text, at);
    if (end != std::string_view::npos) return RestOfLine(text, end, EmphasisBefore(text, at));
  }
  return std::nullopt;
}

}  // namespace cohort::reward
