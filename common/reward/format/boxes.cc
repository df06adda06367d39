#include "common/reward/format/boxes.h"

#include <algorithm>
#include <cstdint>

#include "common/reward/format/characters.h"

namespace cohort::reward {
namespace {

constexpr uint32_t kUnmatched = UINT32_MAX;
constexpr std::string_view kTransparentCommands[] = {
    "text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "textup", "mbox", "hbox", "emph", "underline", "mathbf", "mathrm", "mathit",
    "mathsf", "bm", "boldsymbol", "displaystyle", "textstyle", "large", "Large", "LARGE", "huge", "Huge", "bf", "it", "rm", "color", "textcolor", "begin",
    "end", "left", "right", "quad", "qquad", "therefore", "implies", "Rightarrow", "to",
};
// What may stand around a box that is all of a text: the delimiters of a formula.
struct Delimiters {
  std::string_view open;
  std::string_view close;
};
constexpr Delimiters kDelimiters[] = {{"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}};
// Commands that are white space or a delimiter of a formula between two boxes.
constexpr std::string_view kJoiningCommands[] = {"quad", "qquad", ",", ";", ":", " ", "(", ")", "[", "]"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The control sequence that begins with the backslash at `at`: its name, letters or one other character.
std::string_view CommandAt(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsLetter(text[end])) ++end;
  if (end == at + 1 && end < text.size()) ++end;
  return text.substr(at + 1, end - at - 1);
}

template <size_t kSize>
bool IsAmong(const std::string_view (&commands)[kSize], std::string_view command) {
  return std::find(std::begin(commands), std::end(commands), command) != std::end(commands);
}

bool IsBoxCommand(std::string_view command) { return command == "boxed" || command == "fbox"; }

// `span` without white space, a final stop and the delimiters of a formula around it.
Span WithoutFreeTokens(std::string_view text, Span span) {
  span = TrimWhitespace(text, span);
  if (!span.empty() && text[span.end - 1] == '.') span = TrimWhitespace(text, {span.begin, span.end - 1});
  for (const auto& [open, close] : kDelimiters) {
    const std::string_view inside = span.In(text);
    if (inside.size() < open.size() + close.size() || inside.substr(0, open.size()) != open) continue;
    if (inside.substr(inside.size() - close.size()) != close) continue;
    return TrimWhitespace(text, {span.begin + open.size(), span.end - close.size()});
  }
  return span;
}

// For each '{' the position of its '}', relative to the text; kUnmatched elsewhere.
std::vector<uint32_t> MatchBraces(std::string_view text) {
  std::vector<uint32_t> match(text.size(), kUnmatched);
  std::vector<uint32_t> open;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      open.push_back(static_cast<uint32_t>(at));
    } else if (text[at] == '}' && !open.empty()) {
      match[open.back()] = static_cast<uint32_t>(at);
      open.pop_back();
    }
  }
  return match;
}

struct Box {
  Span whole;
  Span content;
  bool terminated = true;
};

// Walks over the top level of a text and collects its boxes.
class BoxScanner {
 public:
  explicit BoxScanner(std::string_view text) : text_(text), match_(MatchBraces(text)) {}

  std::vector<Box> TopLevelBoxes() {
    std::vector<Box> boxes;
    bool opaque = false;  // The next group is an argument that belongs to a formula.
    for (size_t at = 0; at < text_.size();) {
      const char c = text_[at];
      if (c == '\\') {
        const std::string_view command = CommandAt(text_, at);
        if (IsBoxCommand(command)) {
          boxes.push_back(BoxAt(at, at + 1 + command.size()));
          if (!boxes.back().terminated) return boxes;
          at = boxes.back().whole.end;
          opaque = false;
          continue;
        }
        opaque = !command.empty() && IsLetter(command[0]) && !IsAmong(kTransparentCommands, command);
        at += 1 + command.size();
      } else if (c == '{' && match_[at] != kUnmatched && opaque) {
        at = match_[at] + 1;  // A further argument of the same command may follow.
      } else {
        if (!IsSpace(c)) opaque = c == '^' || c == '_';
        ++at;
      }
    }
    return boxes;
  }

  // The content without boxes around it that hold nothing else.
  Span Unwrap(Span content) const {
    for (;;) {
      const Span inner = WithoutFreeTokens(text_, content);
      if (inner.empty() || text_[inner.begin] != '\\') return content;
      const std::string_view command = CommandAt(text_, inner.begin);
      if (!IsBoxCommand(command)) return content;
      const Box box = BoxAt(inner.begin, inner.begin + 1 + command.size());
      if (!box.terminated || box.whole.end != inner.end) return content;
      content = box.content;
    }
  }

 private:
  // The box whose command stands at [begin, after).
  Box BoxAt(size_t begin, size_t after) const {
    size_t at = after;
    while (at < text_.size() && IsSpace(text_[at])) ++at;
    if (at < text_.size() && text_[at] == '{') {
      if (match_[at] == kUnmatched) return {{begin, text_.size()}, {at + 1, text_.size()}, false};
      return {{begin, match_[at] + 1}, {at + 1, match_[at]}, true};
    }
    const size_t end = EndOfUnbraced(at);
    return {{begin, end}, {at, end}, end > at};
  }

  // A box without braces reaches to the next white space, '$', unmatched brace or end of a formula; groups and other commands belong to it, a comma or
  // semicolon at its end does not.
  size_t EndOfUnbraced(size_t at) const {
    const size_t begin = at;
    while (at < text_.size() && !IsSpace(text_[at]) && text_[at] != '$' && text_[at] != '}') {
      if (text_[at] == '{') {
        if (match_[at] == kUnmatched) break;
        at = match_[at] + 1;
      } else if (text_[at] == '\\') {
        const std::string_view command = CommandAt(text_, at);
        if (command.empty() || command == ")" || command == "]" || command == "\\" || command == "end" || IsBoxCommand(command)) break;
        at += 1 + command.size();
      } else {
        ++at;
      }
    }
    while (at > begin && (text_[at - 1] == ',' || text_[at - 1] == ';')) --at;
    return at;
  }

  std::string_view text_;
  std::vector<uint32_t> match_;
};

bool MentionsBox(std::string_view text) {
  return text.find("\\boxed") != std::string_view::npos || text.find("\\fbox") != std::string_view::npos;
}

bool IsJoiningWord(std::string_view word) { return word == "and" || word == "or"; }

// How many bytes at the beginning of `rest` may stand between two boxes of a list; 0 when none.
size_t JoinerAt(std::string_view rest) {
  const char c = rest.front();
  if (IsSpace(c) || c == ',' || c == ';' || c == '$') return 1;
  if (c == '\\') {
    const std::string_view command = CommandAt(rest, 0);
    if (IsAmong(kJoiningCommands, command)) return 1 + command.size();
    if (command != "text" || rest.substr(5, 1) != "{") return 0;
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) return 0;
    const Span word = TrimWhitespace(rest, {6, close});
    return IsJoiningWord(word.In(rest)) ? close + 1 : 0;
  }
  size_t end = 0;
  while (end < rest.size() && IsLetter(rest[end])) ++end;
  return IsJoiningWord(rest.substr(0, end)) ? end : 0;
}

// Whether two boxes with `between` between them form a list.
bool IsJoiner(std::string_view between) {
  while (!between.empty()) {
    const size_t bytes = JoinerAt(between);
    if (bytes == 0) return false;
    between.remove_prefix(bytes);
  }
  return true;
}

}  // namespace

Span UnwrapBoxes(std::string_view text, Span span) {
  const std::string_view inside = span.In(text);
  if (!MentionsBox(inside)) return span;
  const Span unwrapped = BoxScanner(inside).Unwrap({0, inside.size()});
  return {unwrapped.begin + span.begin, unwrapped.end + span.begin};
}

BoxedAnswer FindBoxedAnswer(std::string_view text, Span segment) {
  BoxedAnswer answer;
  const std::string_view inside = segment.In(text);
  if (!MentionsBox(inside)) return answer;
  BoxScanner scanner(inside);
  const std::vector<Box> boxes = scanner.TopLevelBoxes();
  answer.boxes = boxes.size();
  if (boxes.empty()) return answer;
  if (!boxes.back().terminated) {
    answer.kind = BoxedAnswer::Kind::kUnterminated;
    return answer;
  }
  size_t first = boxes.size() - 1;
  while (first > 0 && IsJoiner(inside.substr(boxes[first - 1].whole.end, boxes[first].whole.begin - boxes[first - 1].whole.end))) --first;

  answer.kind = BoxedAnswer::Kind::kFound;
  const auto absolute = [&](Span span) { return Span{span.begin + segment.begin, span.end + segment.begin}; };
  for (size_t i = first; i < boxes.size(); ++i) {
    answer.parts.push_back(absolute(TrimWhitespace(inside, scanner.Unwrap(boxes[i].content))));
  }
  const bool joined = answer.parts.size() > 1;
  answer.span = joined ? absolute({boxes[first].whole.begin, boxes.back().whole.end}) : answer.parts.front();
  return answer;
}

std::string TextOf(const BoxedAnswer& answer, std::string_view text) {
  std::string joined;
  for (size_t i = 0; i < answer.parts.size(); ++i) {
    if (i > 0) joined += ", ";
    joined += answer.parts[i].In(text);
  }
  return joined;
}

}  // namespace cohort::reward
