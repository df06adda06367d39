#include "services/reward/format/boxes.h"

#include <algorithm>
#include <cstdint>

#include "services/reward/format/characters.h"

namespace cohort::reward {
namespace {

constexpr uint32_t kUnmatched = UINT32_MAX;
constexpr std::string_view kTransparentCommands[] = {
    "text", "textbf", "textit", "textrm", "textsf", "texttt", "mbox", "emph", "underline", "mathbf", "mathrm", "mathit", "mathsf", "bm", "boldsymbol",
    "displaystyle", "textstyle", "large", "Large", "LARGE", "huge", "Huge", "bf", "it", "rm", "color", "textcolor", "begin", "end", "left", "right",
    "quad", "qquad", "therefore", "implies", "Rightarrow", "to",
};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The control sequence that begins with the backslash at `at`: its name, letters or one other character.
std::string_view CommandAt(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsLetter(text[end])) ++end;
  if (end == at + 1 && end < text.size()) ++end;
  return text.substr(at + 1, end - at - 1);
}

bool IsTransparent(std::string_view command) {
  return std::find(std::begin(kTransparentCommands), std::end(kTransparentCommands), command) != std::end(kTransparentCommands);
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
        if (command == "boxed" || command == "fbox") {
          boxes.push_back(BoxAt(at, at + 1 + command.size()));
          if (!boxes.back().terminated) return boxes;
          at = boxes.back().whole.end;
          opaque = false;
          continue;
        }
        opaque = !command.empty() && IsLetter(command[0]) && !IsTransparent(command);
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
      const Span inner = TrimWhitespace(text_, content);
      if (inner.empty() || text_[inner.begin] != '\\') return content;
      const std::string_view command = CommandAt(text_, inner.begin);
      if (command != "boxed" && command != "fbox") return content;
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
    size_t end = at;  // Without braces: up to the next white space, '$', brace or command other than one that begins the argument.
    while (end < text_.size() && !IsSpace(text_[end]) && text_[end] != '$' && text_[end] != '}' && text_[end] != '{' && text_[end] != '\\') ++end;
    return {{begin, end}, {at, end}, end > at};
  }

  std::string_view text_;
  std::vector<uint32_t> match_;
};

bool MentionsBox(std::string_view text) {
  return text.find("\\boxed") != std::string_view::npos || text.find("\\fbox") != std::string_view::npos;
}

// Whether two boxes with `between` between them form a list.
bool IsJoiner(std::string_view between) {
  for (size_t at = 0; at < between.size();) {
    const char c = between[at];
    if (IsSpace(c) || c == ',' || c == ';' || c == '$') {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < between.size() && IsLetter(between[end])) ++end;
    const std::string_view word = between.substr(at, end - at);
    if (word != "and" && word != "or") return false;
    at = end;
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
