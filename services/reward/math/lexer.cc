#include "services/reward/math/lexer.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "services/reward/math/lexer_state.h"
#include "services/reward/math/unicode.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kTokensAtOnce = 64;  // Room that is made before the first one.

}  // namespace

void Lexer::Run() {
  dollars_delimit_ = CountDollars() % 2 == 0;
  has_base_ = text_.find("base") != std::string_view::npos;
  has_subscript_ = text_.find('_') != std::string_view::npos;
  while (out_.error.empty()) {
    SkipSpaces();
    if (!boxes_.empty() && at_ == boxes_.back()) {
      boxes_.pop_back();
      ++at_;
      continue;
    }
    if (at_ >= text_.size()) break;
    if (!fuel_.Spend(4)) return Fail("out of fuel");
    Next();
  }
  begin_ = at_;
  Emit(Tok::kEnd);
}

void Lexer::Next() {
  begin_ = at_;
  const char c = text_[at_];
  if (IsDigit(c) || (c == '.' && (IsDigit(Peek(1)) || RepetendFollows(at_ + 1)))) return Number();
  if (c == '\\') return CommandOrSign();
  if (IsLetter(c)) return Letters();
  if (IsForeign(c)) return ForeignWord();
  if ((c == '(' || c == '{') && Numeral()) return;
  Sign(c);
}

void Lexer::Sign(char c) {
  ++at_;
  switch (c) {
    case '(': case '[': return Emit(Tok::kOpen, static_cast<uint16_t>(c));
    case ')': case ']': return Emit(Tok::kClose, static_cast<uint16_t>(c));
    case '{': return EmptyGroupFollows() ? void(++at_) : Emit(Tok::kOpen, '{');
    case '}': return Emit(Tok::kClose, '}');
    case '|': return Emit(Tok::kBar);
    case ',': return Emit(Tok::kComma);
    case ';': return Emit(Tok::kSemicolon);
    case ':': return Peek(0) == '=' ? (++at_, EmitRelation(Relation::kEqual)) : Emit(Tok::kColon);
    case '+': if (text_.substr(at_, 2) == "/-") return at_ += 2, Emit(Tok::kPlusMinus);
              return Peek(0) == '-' ? (++at_, Emit(Tok::kPlusMinus)) : Emit(Tok::kPlus);
    case '-': return Peek(0) == '>' ? (++at_, EmitRelation(Relation::kTo)) : Emit(Tok::kMinus);
    case '*': return Peek(0) == '*' ? (++at_, Emit(Tok::kCaret)) : Emit(Tok::kTimes);
    case '/': return Emit(Tok::kDivide);
    case '^': return MarkFollows() ? void() : Emit(Tok::kCaret);
    case '_': return Emit(Tok::kUnderscore);
    case '%': return Emit(Tok::kPercent);
    case '\'': return Emit(Tok::kPrime);
    case '&': return Emit(Tok::kAmpersand);
    case '=': return EqualSign();
    case '<': return Peek(0) == '=' ? (++at_, EmitRelation(Relation::kLessEqual)) : EmitRelation(Relation::kLess);
    case '>': return Peek(0) == '=' ? (++at_, EmitRelation(Relation::kGreaterEqual)) : EmitRelation(Relation::kGreater);
    case '!': return Peek(0) == '=' && Peek(1) != '=' ? (++at_, EmitRelation(Relation::kNotEqual)) : Emit(Tok::kBang);
    case '$': return Dollar();
    case '.': if (text_.substr(at_, 2) == "..") return at_ += 2, Emit(Tok::kEllipsis);
              if (RowEnds()) return;
              break;
    default: break;
  }
  Fail(std::string("'") + c + "' stands where it means nothing");
}

// \frac12{}: nothing. In front of a script it is the place of a letter, {}_5C_2.
bool Lexer::EmptyGroupFollows() const {
  const bool behind = !out_.tokens.empty() && (out_.tokens.back().kind == Tok::kClose || out_.tokens.back().kind == Tok::kCirc || out_.tokens.back().kind == Tok::kNumber);
  return behind && !out_.plain && Peek(0) == '}' && Peek(1) != '^' && Peek(1) != '_' && !ArgumentMissing();
}

// Whether the group that was closed last is the first argument of a command that takes two: \frac{3}{}.
bool Lexer::ArgumentMissing() const {
  int depth = 0;
  for (size_t i = out_.tokens.size(); i-- > 1;) {
    if (!fuel_.Spend(1)) return true;
    depth += out_.tokens[i].kind == Tok::kClose ? 1 : out_.tokens[i].kind == Tok::kOpen ? -1 : 0;
    if (depth == 0) return out_.tokens[i - 1].kind == Tok::kFrac || out_.tokens[i - 1].kind == Tok::kBinom;
  }
  return false;
}

// The full stop of a case, in front of \\ or \end{cases}.
bool Lexer::RowEnds() const {
  size_t next = at_;
  while (next < text_.size() && IsSpace(text_[next])) ++next;
  const bool inside = std::any_of(out_.tokens.begin(), out_.tokens.end(), [](const Token& token) { return token.kind == Tok::kBegin; });
  return inside && (text_.substr(next, 2) == "\\\\" || text_.substr(next, 5) == "\\end{");
}

// 45^o, 45^{\text{o}} are degrees, 5^{th}, 5^\text{th} an ordinal number: behind digits.
bool Lexer::MarkFollows() {
  const Tok before = out_.tokens.empty() ? Tok::kEnd : out_.tokens.back().kind;
  if (before != Tok::kNumber) return false;
  size_t at = at_;
  int braces = 0;
  for (bool more = true; more && at < text_.size();) {
    more = false;
    for (const std::string_view part : {"{", "\\text", "\\mathrm", "\\textrm", " "}) {
      if (text_.substr(at, part.size()) != part) continue;
      at += part.size();
      braces += part == "{" ? 1 : 0;
      more = true;
    }
  }
  static constexpr std::string_view kMarks[] = {"st", "nd", "rd", "th", "o"};
  const auto* mark = std::find_if(std::begin(kMarks), std::end(kMarks), [&](std::string_view name) { return text_.substr(at, name.size()) == name; });
  if (mark == std::end(kMarks) || (mark->size() > 1 && braces == 0 && at == at_)) return false;
  at += mark->size();
  for (; braces > 0 && at < text_.size() && text_[at] == '}'; ++at) --braces;
  if (braces > 0 || (at < text_.size() && IsLetter(text_[at]))) return false;
  at_ = at;
  *mark == "o" ? Emit(Tok::kCirc) : Emit(Tok::kWord, 0, *mark);
  return true;
}

void Lexer::EqualSign() {
  if (Peek(0) == '=') ++at_;
  if (Peek(0) == '<') return ++at_, EmitRelation(Relation::kLessEqual);
  EmitRelation(Relation::kEqual);
}

void Lexer::Dollar() {
  if (dollars_delimit_) return void(space_ = true);
  Emit(Tok::kCurrency, 0, "dollar");
}

int Lexer::CountDollars() const {
  int count = 0;
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '$') {
      ++count;
    }
  }
  return count;
}

void Lex(std::string_view text, Fuel& fuel, Lexed& out) {
  out.plain = text.find_first_of("\\$") == std::string_view::npos;
  std::optional<std::string> rewritten = RewriteUnicode(text);
  if (!fuel.Spend(1 + static_cast<int64_t>(text.size()))) {
    out.error = "out of fuel";
  } else if (!rewritten.has_value()) {
    out.error = "it contains a character that stands for nothing in mathematics";
  } else if (text.substr(0, 1) == "~") {
    out.error = "'~' says that what follows is not exact";
  } else {
    out.text = std::move(*rewritten);
    out.tokens.reserve(std::min(out.text.size() + 1, kTokensAtOnce));
    Lexer(fuel, out).Run();
  }
}

}  // namespace cohort::reward::math
