// The way from a text to its tree.
#include <algorithm>

#include "services/reward/math/bracket_direction.h"
#include "services/reward/math/geometric_sums.h"
#include "services/reward/math/parser_state.h"
#include "services/reward/math/phrases.h"
#include "services/reward/math/statements.h"
#include "services/reward/math/words.h"

namespace cohort::reward::math {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Without a final full stop, which may stand inside the delimiters: "$5.$", "无解。".
std::string WithoutFinalStop(std::string_view text) {
  text = Trimmed(text);
  std::string_view delimiter;
  for (const std::string_view close : {"$$", "$", "\\)", "\\]"}) {
    if (delimiter.empty() && text.ends_with(close)) delimiter = close;
  }
  const std::string_view inside = Trimmed(text.substr(0, text.size() - delimiter.size()));
  constexpr std::string_view kIdeographic = "\xE3\x80\x82", kFullWidth = "\xEF\xBC\x8E";
  std::string_view stop = inside.ends_with(kIdeographic) ? kIdeographic : inside.ends_with(kFullWidth) ? kFullWidth : inside.ends_with(".") ? std::string_view(".") : std::string_view();
  if (inside.ends_with("..")) stop = {};
  return std::string(inside.substr(0, inside.size() - stop.size())) + std::string(delimiter);
}

// "B)" is the letter of a choice.
std::string_view WithoutChoiceBracket(std::string_view text) {
  const bool choice = text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] == ')';
  return choice ? text.substr(0, 1) : text;
}

}  // namespace

Parsed Parse(std::string_view text, size_t max_bytes, const Reading& reading, Fuel& fuel) {
  Parsed parsed;
  if (text.size() > max_bytes) {
    parsed.error = "it is longer than " + std::to_string(max_bytes) + " bytes";
    return parsed;
  }
  const std::string stripped = WithoutFinalStop(text);
  Lexed lexed;
  lexed.signed_exponents = reading.signed_exponents;
  Lex(WithoutChoiceBracket(stripped), fuel, lexed);
  if (fuel.exhausted()) {
    parsed.error = "out of fuel";
    return parsed;
  }
  if (Trimmed(lexed.text).empty() && lexed.error.empty()) {
    parsed.error = "it is empty";
    return parsed;
  }
  const bool spoken = lexed.text.size() <= kMaxSpokenBytes && std::any_of(lexed.text.begin(), lexed.text.end(), [](char c) { return c == ':' || c == '-' || c >= 'A'; });
  if (spoken) {
    if (auto date = ParseDateOrTime(lexed.text)) {
      parsed.ast = std::move(*date);
      return parsed;
    }
  }
  parsed.error = lexed.error;
  parsed.ambiguous = lexed.ambiguous;
  if (parsed.error.empty()) {
    TurnOutwardBrackets(lexed, fuel);
    ReadPhrases(lexed, fuel);
    Parser(lexed, reading, fuel, parsed).Run();
    if (parsed.error.empty()) {
      ReadStatements(parsed.ast, fuel);
      CloseGeometricSums(parsed.ast, fuel);
    }
  }
  if (parsed.error.empty() || fuel.exhausted()) return parsed;
  if (auto words = ParseWords(lexed.text)) {
    parsed.ast = std::move(*words);
    parsed.error.clear();
  }
  return parsed;
}

}  // namespace cohort::reward::math
