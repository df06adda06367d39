// Commands of LaTeX and their arguments.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "services/reward/math/lexer_state.h"
#include "services/reward/math/units.h"

namespace cohort::reward::math {

namespace {

// What a box of text holds is read like the text around it: \text{42}, \text{5 cm}, \text{\$5}, \text{A, C}, \text{½}.
bool IsMathematics(std::string_view content) {
  if (content.substr(0, 5) == "\\frac" || content.substr(0, 6) == "^\\circ") return true;
  if (content[0] == '\\') return content.size() > 1 && (content[1] == '$' || content[1] == '%');
  const bool letters = std::any_of(content.begin(), content.end(), [](char c) { return IsLetter(c) || IsForeign(c) || c == '\\'; });
  if (!letters) return content.find_first_of("0123456789") != std::string_view::npos;
  if (IsDigit(content[0])) return true;
  if (content.substr(0, 3) == "if " && content.find('$') != std::string_view::npos) return true;  // \text{if $n$ is even}
  // Several letters of a choice.
  bool separated = false;
  while (!content.empty()) {
    if (content.substr(0, 4) == "and " || content.substr(0, 3) == "or ") {
      content.remove_prefix(content[0] == 'a' ? 4 : 3);
    } else if (content[0] == ' ' || content[0] == ',') {
      separated = true;
      content.remove_prefix(1);
    } else if (content[0] >= 'A' && content[0] <= 'J' && (content.size() == 1 || content[1] == ' ' || content[1] == ',')) {
      content.remove_prefix(1);
    } else {
      return false;
    }
  }
  return separated;
}

}  // namespace

void Lexer::CommandOrSign() {
  const bool box = has_subscript_ && (text_.substr(at_, 6) == "\\text{" || text_.substr(at_, 8) == "\\mathrm{");
  if (box && Numeral()) return;
  ++at_;
  if (!IsLetter(Peek(0))) return EscapedSign();
  const size_t from = at_;
  while (IsLetter(Peek(0))) ++at_;
  const std::string_view name = text_.substr(from, at_ - from);
  const Command* command = FindCommand(name);
  if (command == nullptr) return Fail("the command \\" + std::string(name.substr(0, 40)) + " is not known");
  EmitCommand(*command);
}

void Lexer::EscapedSign() {
  const char c = Peek(0);
  ++at_;
  switch (c) {
    case '{': return Emit(Tok::kOpen, 'S');
    case '}': return Emit(Tok::kClose, 'S');
    case '%': return Emit(Tok::kPercent);
    case '$': return Emit(Tok::kCurrency, 0, "dollar");
    case '|': return Emit(Tok::kDoubleBar);
    case '\\': Emit(Tok::kRowBreak); return SkipRowSpacing();
    case '&': return Emit(Tok::kAnd);
    case '_': return Emit(Tok::kUnderscore);
    case ',': case ';': case ':': case '!': case ' ': case '\n': case '>': case '/': space_ = true; return;
    case '(': case ')': case '[': case ']': space_ = true; return;  // Delimiters of mathematics; one pair around all of it is taken off before.
    default: return Fail("a backslash stands before something unknown");
  }
}

// The [2pt] of a \\[2pt].
void Lexer::SkipRowSpacing() {
  if (Peek(0) != '[') return;
  size_t end = at_ + 1;
  while (end < text_.size() && (IsDigit(text_[end]) || text_[end] == '.' || text_[end] == '-')) ++end;
  const std::string_view unit = text_.substr(std::min(end, text_.size()), 3);
  static constexpr std::string_view kUnits[] = {"pt]", "em]", "ex]", "mm]", "cm]", "in]"};
  if (end > at_ + 1 && std::find(std::begin(kUnits), std::end(kUnits), unit) != std::end(kUnits)) at_ = end + unit.size();
}

void Lexer::EmitCommand(const Command& command) {
  switch (command.kind) {
    case CommandKind::kToken: return EmitKnown(command);
    case CommandKind::kDropped: space_ = true; return;
    case CommandKind::kBox:
      return Box();
    case CommandKind::kDropArgument: Argument(); space_ = true; return;
    case CommandKind::kTextBox: return TextBox();
    case CommandKind::kRoman: return Roman();
    case CommandKind::kRomanSwitch: return RomanSwitch();
    case CommandKind::kOperatorName: return OperatorName();
    case CommandKind::kBlackboard: return Blackboard();
    case CommandKind::kSizedBracket: return SizedBracket();
    case CommandKind::kArrow: return Arrow();
    case CommandKind::kForbidden: return Fail("macros are not allowed");
  }
}

void Lexer::EmitKnown(const Command& command) {
  if (command.token == Tok::kBegin || command.token == Tok::kEndEnvironment) {
    const std::string_view name = Argument();
    if (command.token == Tok::kBegin && name == "array") Argument();
    return Emit(command.token, 0, name);
  }
  Emit(command.token, command.op, command.text != nullptr ? std::string_view(command.text) : text_.substr(begin_, at_ - begin_));
}

// What stands in the braces that follow, or the next character.
std::string_view Lexer::Argument() {
  SkipSpaces();
  if (Peek(0) != '{') {
    const size_t from = at_;
    at_ = std::min(text_.size(), at_ + 1);
    return text_.substr(from, at_ - from);
  }
  const size_t from = ++at_;
  const size_t end = ClosingBrace(from);
  at_ = std::min(text_.size(), end + 1);
  return text_.substr(from, end - from);
}

size_t Lexer::ClosingBrace(size_t from) {
  int depth = 1;
  for (size_t i = from; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '{') {
      ++depth;
    } else if (text_[i] == '}' && --depth == 0) {
      return i;
    }
  }
  Fail("a brace is not closed");
  return text_.size();
}

// \boxed{5}. Boxes beside each other are no product.
void Lexer::Box() {
  space_ = true;
  const Tok before = out_.tokens.empty() ? Tok::kComma : out_.tokens.back().kind;
  const bool factor = before == Tok::kNumber || before == Tok::kSymbol || before == Tok::kClose || before == Tok::kPi || before == Tok::kE || before == Tok::kI;
  if (factor || (box_end_ > 0 && begin_ > box_end_ && before != Tok::kComma && before != Tok::kSemicolon && before != Tok::kOr && before != Tok::kAnd)) return Fail("a box is no factor");
  if (begin_ >= box_end_ && Peek(0) == '{') box_end_ = ClosingBrace(at_ + 1);
}

// The unit behind a \mu is one of micro: 10\mu\text{m}.
void Lexer::EmitText(std::string_view content) {
  const bool micro = !out_.tokens.empty() && out_.tokens.back().kind == Tok::kSymbol && out_.tokens.back().text == "mu" && content.size() <= 3;
  if (micro && FindUnit("u" + std::string(content)) != nullptr) {
    out_.tokens.pop_back();
    content = out_.storage.emplace_back("u" + std::string(content));
  }
  Emit(Tok::kText, 0, content);
}

void Lexer::TextBox() {
  std::string_view content = Argument();
  const size_t closing = at_ - 1;
  while (!content.empty() && IsSpace(content.front())) content.remove_prefix(1);
  while (!content.empty() && IsSpace(content.back())) content.remove_suffix(1);
  space_ = true;
  if (content.empty()) return;
  if (content[0] == '\\') {  // \text{€}5
    const std::string_view name = content.substr(1, content.find(' ') - 1);
    if (const Command* command = FindCommand(name); command != nullptr && command->token == Tok::kCurrency) return EmitKnown(*command);
  }
  if (IsMathematics(content)) {
    at_ = static_cast<size_t>(content.data() - text_.data());  // \text{42} is 42; its closing brace is passed over below.
    if (text_[closing] == '}') boxes_.push_back(closing);
    return;
  }
  if (content == "," || content == ";") return Emit(Tok::kComma);
  if (const size_t joint = content.rfind(" and"); joint != std::string_view::npos && joint + 4 == content.size() && FindUnit(content.substr(0, joint)) != nullptr) {
    Emit(Tok::kText, 0, content.substr(0, joint));  // 5\text{ hours and }30\text{ minutes}
    return Emit(Tok::kAnd);
  }
  if (content.find('\\') == std::string_view::npos && content.find_first_of("^$") != std::string_view::npos) {  // \text{cm$^2$}
    std::string& bare = out_.storage.emplace_back(content);
    std::erase_if(bare, [](char c) { return c == '$' || c == '{' || c == '}'; });
    content = bare;
  }
  if (const Command* word = FindWord(content); word != nullptr && (word->token != Tok::kFunction || FindUnit(content) == nullptr)) return EmitKnown(*word);
  EmitText(content);
}

void Lexer::Roman() {
  SkipSpaces();
  if (Peek(0) != '{') return;
  std::string_view content = text_.substr(at_ + 1, ClosingBrace(at_ + 1) - at_ - 1);
  const size_t end = at_ + 1 + content.size();
  while (!content.empty() && IsSpace(content.front())) content.remove_prefix(1);
  while (!content.empty() && IsSpace(content.back())) content.remove_suffix(1);
  roman_end_ = std::max(roman_end_, end);
  if (content.size() == 1 && !IsLetter(content[0])) return;
  const bool word = content.size() > 1 && std::all_of(content.begin(), content.end(), [](char c) { return IsLetter(c) || IsForeign(c) || IsSpace(c); });
  if (!word && content.size() != 1) return;  // A group like any other.
  at_ = std::min(text_.size(), end + 1);
  if (word && !out_.tokens.empty() && UnitStandsHere(content)) return Emit(Tok::kText, 0, content);
  if (const Command* known = FindWord(content); known != nullptr && word) return EmitKnown(*known);
  if (word) return EmitText(content);
  IsUnitLetter(content) ? EmitText(content) : EmitLetter(content);
}

// {\rm cm}
void Lexer::RomanSwitch() {
  space_ = true;
  int depth = 0;
  size_t end = at_;
  for (; end < text_.size() && depth >= 0; ++end) depth += text_[end] == '{' ? 1 : text_[end] == '}' ? -1 : 0;
  roman_end_ = std::max(roman_end_, end);
}

void Lexer::OperatorName() {
  const std::string_view name = Argument();
  if (const Command* word = FindWord(name); word != nullptr) return EmitKnown(*word);
  if (const Command* command = FindCommand(name); command != nullptr && command->kind == CommandKind::kToken) return EmitKnown(*command);
  Emit(Tok::kText, 0, name);
}

void Lexer::Blackboard() {
  const std::string_view name = Argument();
  const bool set = !name.empty() && std::string_view("RZNQC").find(name[0]) != std::string_view::npos;
  if (name.size() == 1) return set ? Emit(Tok::kNumberSet, 0, name) : EmitLetter(name);
  if (!set || (name[1] != '^' && name[1] != '_') || text_[at_ - 1] != '}') return Fail("a set of numbers was expected");
  Emit(Tok::kNumberSet, 0, name.substr(0, 1));  // \mathbb{R^+}: what follows the letter is read like \mathbb{R}^+.
  boxes_.push_back(at_ - 1);
  at_ = static_cast<size_t>(name.data() - text_.data()) + 1;
}

// \overrightarrow{AB} is not \overrightarrow{BA}; over other things an arrow says nothing.
void Lexer::Arrow() {
  space_ = true;
  SkipSpaces();
  if (Peek(0) != '{') return;
  std::string name = kVectorPrefix;
  size_t end = at_ + 1, corners = 0;
  for (; end < text_.size() && ((text_[end] >= 'A' && text_[end] <= 'Z') || IsSpace(text_[end])); ++end) {
    if (IsSpace(text_[end])) continue;
    name += text_[end];
    ++corners;
  }
  if (corners != 2 || end >= text_.size() || text_[end] != '}') return;
  at_ = end + 1;
  Emit(Tok::kSymbol, 0, out_.storage.emplace_back(std::move(name)));
}

void Lexer::SizedBracket() {
  space_ = false;
  SkipSpaces();
  if (Peek(0) == '.') ++at_;
}

}  // namespace cohort::reward::math
