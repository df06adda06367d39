#include "services/reward/math/lexer.h"

#include <algorithm>
#include <utility>

#include "common/reward/format/utf8.h"
#include "services/reward/math/ast.h"
#include "services/reward/math/commands.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/unicode.h"
#include "services/reward/math/units.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxScientificDigits = 4;
constexpr size_t kTokensAtOnce = 64;  // Room that is made before the first one.
constexpr size_t kMaxSymbolRun = 3;  // Longest run of letters that is a product of symbols.

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsForeign(char c) { return static_cast<signed char>(c) < 0; }

// "abc", "xyzw": letters that follow each other are products even when there are many.
bool IsAlphabetRun(std::string_view run) {
  for (size_t i = 1; i < run.size(); ++i) {
    if (run[i] != run[i - 1] + 1) return false;
  }
  return true;
}

class Lexer {
 public:
  Lexer(Fuel& fuel, Lexed& out) : fuel_(fuel), out_(out), text_(out.text) {}

  void Run() {
    dollars_delimit_ = CountDollars() % 2 == 0;
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

 private:
  void Next() {
    begin_ = at_;
    const char c = text_[at_];
    if (IsDigit(c) || (c == '.' && (IsDigit(Peek(1)) || RepetendFollows(at_ + 1)))) return Number();
    if (c == '\\') return CommandOrSign();
    if (IsLetter(c)) return Letters();
    if (IsForeign(c)) return ForeignWord();
    if (c == '(' && Numeral()) return;
    Sign(c);
  }

  void Number() {
    if (Numeral()) return;
    std::string_view run = Digits();
    const bool groups = run.size() <= 3 && !run.empty() && run[0] != '0';
    bool copied = false;
    while (const size_t separator = groups ? SureThousands() : 0) {
      std::string& joined = copied ? out_.storage.back() : out_.storage.emplace_back(run);
      copied = true;
      at_ += separator;
      joined += Digits();
      run = joined;
    }
    if (Peek(0) == '.' && (IsDigit(Peek(1)) || RepetendFollows(at_ + 1))) {
      const size_t point = at_++;
      Digits();
      run = copied ? std::string_view(out_.storage.back() += text_.substr(point, at_ - point)) : text_.substr(begin_, at_ - begin_);
    }
    run = Scientific(run);
    if (run.size() > kMaxDigits) return Fail("a number has more than " + std::to_string(kMaxDigits) + " digits");
    Emit(Tok::kNumber, 0, run);
  }

  // 1.5E10, 2e3: the exponent stays in the token. A sign after the letter only with a capital E, since 2e-3 is a difference.
  std::string_view Scientific(std::string_view run) {
    const char letter = Peek(0);
    if (letter != 'e' && letter != 'E') return run;
    const bool sign = letter == 'E' && (Peek(1) == '-' || Peek(1) == '+');
    const size_t digits = at_ + (sign ? 2 : 1);
    size_t end = digits;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    if (end == digits || end - digits > kMaxScientificDigits || (end < text_.size() && (IsLetter(text_[end]) || text_[end] == '_'))) return run;
    std::string& joined = out_.storage.emplace_back(run);
    joined += 'E';
    joined += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    return joined;
  }

  std::string_view Digits() {
    const size_t from = at_;
    while (IsDigit(Peek(0))) ++at_;
    return text_.substr(from, at_ - from);
  }

  // Bytes of a separator before exactly three digits that can only be one of thousands; 0 when there is none.
  size_t SureThousands() const {
    for (const std::string_view separator : {"{,}", "\\,", ",\\!", "\\,\\!"}) {
      if (text_.substr(at_, separator.size()) != separator) continue;
      const size_t digits = at_ + separator.size();
      size_t end = digits;
      while (end < text_.size() && IsDigit(text_[end])) ++end;
      if (end - digits == 3) return separator.size();
    }
    return 0;
  }

  bool RepetendFollows(size_t at) const {
    const std::string_view rest = text_.substr(at);
    if (rest.substr(0, 9) == "\\overline" || rest.substr(0, 4) == "\\dot" || rest.substr(0, 4) == "\\bar") return rest.substr(0, 5) != "\\dots";
    return rest.size() > 2 && rest[0] == '(' && IsDigit(rest[1]);
  }

  // 11_2, 1A_{16}, (101)_2, 203_{\text{six}}: digits with a base.
  bool Numeral() {
    const bool bracket = Peek(0) == '(';
    size_t end = at_ + (bracket ? 1 : 0);
    const size_t from = end;
    while (end < text_.size() && (IsDigit(text_[end]) || (text_[end] >= 'A' && text_[end] <= 'Z'))) ++end;
    const std::string_view digits = text_.substr(from, end - from);
    if (digits.empty() || digits.size() > kMaxDigits || (digits.size() == 1 && !IsDigit(digits[0]))) return false;
    if (bracket && (end >= text_.size() || text_[end++] != ')')) return false;
    if (end >= text_.size() || text_[end] != '_') return false;
    const size_t saved = at_;
    at_ = end + 1;
    const int base = Base();
    const bool valid = base >= 2 && base <= 36 && std::all_of(digits.begin(), digits.end(), [base](char d) { return DigitValue(d) < base; });
    if (!valid) {
      at_ = saved;
      if (std::all_of(digits.begin(), digits.end(), IsDigit)) Fail("these digits have no such base");
      return !out_.error.empty();
    }
    std::string& text = out_.storage.emplace_back(digits);
    text += '_';
    text += std::to_string(base);
    Emit(Tok::kNumeral, static_cast<uint16_t>(base), text);
    return true;
  }

  static int DigitValue(char digit) { return IsDigit(digit) ? digit - '0' : digit - 'A' + 10; }

  // The base after '_'; 0 when it is none.
  int Base() {
    static constexpr std::string_view kNames[] = {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};
    std::string_view name;
    if (IsDigit(Peek(0))) {
      name = out_.plain ? Digits() : text_.substr(at_++, 1);
    } else if (Peek(0) == '{') {
      name = Argument();
      for (const std::string_view box : {"\\text{", "\\mathrm{", "\\textrm{"}) {
        if (name.substr(0, box.size()) == box && name.back() == '}') name = name.substr(box.size(), name.size() - box.size() - 1);
      }
    } else {
      while (IsLetter(Peek(0))) name = text_.substr(at_ - name.size(), name.size() + 1), ++at_;
    }
    while (!name.empty() && IsSpace(name.front())) name.remove_prefix(1);
    while (!name.empty() && IsSpace(name.back())) name.remove_suffix(1);
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (name == kNames[i]) return static_cast<int>(i) + 2;
    }
    if (name == "sixteen") return 16;
    if (name.empty() || name.size() > 2 || !std::all_of(name.begin(), name.end(), IsDigit)) return 0;
    return std::stoi(std::string(name));
  }

  void Letters() {
    if (Numeral()) return;
    while (IsLetter(Peek(0))) ++at_;
    const std::string_view run = text_.substr(begin_, at_ - begin_);
    const bool roman = begin_ < roman_end_;
    if (run == "U" && !UnionStandsHere()) return EmitLetter(run);
    const bool after_number = !out_.tokens.empty() && out_.tokens.back().kind == Tok::kNumber;
    const Command* word = FindWord(run);
    if (word != nullptr && !(after_number && UnitStandsHere(run))) return EmitCommand(*word);
    if (run.size() == 1) return roman && IsUnitLetter(run) ? Emit(Tok::kText, 0, run) : EmitLetter(run);
    if (roman || IsWord(run, after_number)) return Emit(Tok::kWord, 0, run);
    SplitLetters(run);
  }

  // "5 sec", "10 min": a unit, unless an argument follows.
  bool UnitStandsHere(std::string_view run) const {
    if (FindUnit(run) == nullptr) return false;
    size_t next = at_;
    while (next < text_.size() && IsSpace(text_[next])) ++next;
    return next >= text_.size() || !(IsLetter(text_[next]) || IsDigit(text_[next]) || std::string_view("(\\{^_").find(text_[next]) != std::string_view::npos);
  }

  // A run of letters is a product of symbols when it is short or alphabetical, and no word of its own.
  bool IsWord(std::string_view run, bool after_number) const {
    if (FindUnit(run) != nullptr && ((after_number && (space_ || !MayBeProduct(run))) || run.size() > kMaxSymbolRun)) return true;
    if (IsCommonWord(run)) return true;
    if (run.size() == 3 && run.size() == text_.size() && !IsAlphabetRun(run) && IsVowel(run[1]) && !IsVowel(run[0]) && !IsVowel(run[2])) return true;  // cat, dog
    return run.size() > kMaxSymbolRun && !IsAlphabetRun(run);
  }

  // 2cd may be a product, 2 cd is a quantity.
  static bool MayBeProduct(std::string_view run) {
    static constexpr std::string_view kBoth[] = {"cd", "mg", "ms", "ns", "dl", "cl", "hl", "nm", "pt", "ha", "hm", "hs", "ks", "ds", "cs", "us", "ng", "dg", "cg", "hg", "nl", "kl", "cc", "mi", "kA", "mA", "dm"};
    return std::find(std::begin(kBoth), std::end(kBoth), run) != std::end(kBoth);
  }

  static bool IsVowel(char c) { return std::string_view("aeiouAEIOU").find(c) != std::string_view::npos; }

  static bool IsCommonWord(std::string_view run) {
    static constexpr std::string_view kCommon[] = {"yes", "no", "No", "Yes", "YES", "NO", "the", "The", "all", "All", "none", "is", "are", "not", "odd", "Odd",
                                                   "one", "two", "six", "ten", "any", "of", "to", "DNE", "am", "pm", "AM", "PM", "st", "nd", "rd", "th",
                                                   "red", "Tom", "Bob", "Ann", "Sue", "Amy", "Sam", "Jim", "Ben", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                                   "Aug", "Sep", "Oct", "Nov", "Dec", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return std::find(std::begin(kCommon), std::end(kCommon), run) != std::end(kCommon);
  }

  void SplitLetters(std::string_view run) {
    const size_t end = at_;
    for (size_t i = 0; i < run.size(); ++i) {
      begin_ = end - run.size() + i;
      EmitLetter(run.substr(i, 1));
    }
  }

  void EmitLetter(std::string_view letter) {
    if (letter == "e") return Emit(Tok::kE, 0, letter);
    if (letter == "i") return Emit(Tok::kI, 0, letter);
    Emit(Tok::kSymbol, 0, letter);
  }

  bool UnionStandsHere() const {
    if (out_.tokens.empty() || out_.tokens.back().kind != Tok::kClose) return false;
    size_t next = at_;
    while (next < text_.size() && IsSpace(text_[next])) ++next;
    return next < text_.size() && (text_[next] == '(' || text_[next] == '[' || text_[next] == '{' || text_[next] == '\\');
  }

  void ForeignWord() {
    while (at_ < text_.size() && IsForeign(text_[at_])) at_ += static_cast<size_t>(std::max(1, DecodeUtf8(text_, at_).bytes));
    const std::string_view run = text_.substr(begin_, at_ - begin_);
    if (const Command* word = FindWord(run); word != nullptr) return EmitCommand(*word);
    Emit(Tok::kWord, 0, run);
  }

  void CommandOrSign() {
    ++at_;
    if (!IsLetter(Peek(0))) return EscapedSign();
    const size_t from = at_;
    while (IsLetter(Peek(0))) ++at_;
    const std::string_view name = text_.substr(from, at_ - from);
    const Command* command = FindCommand(name);
    if (command == nullptr) return Fail("the command \\" + std::string(name.substr(0, 40)) + " is not known");
    EmitCommand(*command);
  }

  void EscapedSign() {
    const char c = Peek(0);
    ++at_;
    switch (c) {
      case '{': return Emit(Tok::kOpen, 'S');
      case '}': return Emit(Tok::kClose, 'S');
      case '%': return Emit(Tok::kPercent);
      case '$': return Emit(Tok::kCurrency, 0, "dollar");
      case '|': return Emit(Tok::kDoubleBar);
      case '\\': return Emit(Tok::kRowBreak);
      case '&': return Emit(Tok::kAnd);
      case '_': return Emit(Tok::kUnderscore);
      case ',': case ';': case ':': case '!': case ' ': case '\n': case '>': case '/': space_ = true; return;
      case '(': case ')': case '[': case ']': space_ = true; return;  // Delimiters of mathematics; one pair around all of it is taken off before.
      default: return Fail("a backslash stands before something unknown");
    }
  }

  void EmitCommand(const Command& command) {
    switch (command.kind) {
      case CommandKind::kToken: return EmitKnown(command);
      case CommandKind::kDropped: space_ = true; return;
      case CommandKind::kDropArgument: Argument(); space_ = true; return;
      case CommandKind::kTextBox: return TextBox();
      case CommandKind::kRoman: return Roman();
      case CommandKind::kOperatorName: return OperatorName();
      case CommandKind::kBlackboard: return Blackboard();
      case CommandKind::kSizedBracket: return SizedBracket();
      case CommandKind::kForbidden: return Fail("macros are not allowed");
    }
  }

  void EmitKnown(const Command& command) {
    if (command.token == Tok::kBegin || command.token == Tok::kEndEnvironment) {
      const std::string_view name = Argument();
      if (command.token == Tok::kBegin && name == "array") Argument();
      return Emit(command.token, 0, name);
    }
    Emit(command.token, command.op, command.text != nullptr ? std::string_view(command.text) : text_.substr(begin_, at_ - begin_));
  }

  // What stands in the braces that follow, or the next character.
  std::string_view Argument() {
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

  size_t ClosingBrace(size_t from) {
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

  void TextBox() {
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
    if (std::none_of(content.begin(), content.end(), [](char c) { return IsLetter(c) || IsForeign(c) || c == '\\'; }) && content.find_first_of("0123456789") != std::string_view::npos) {
      at_ = static_cast<size_t>(content.data() - text_.data());  // \text{42} is 42; its closing brace is passed over below.
      if (text_[closing] == '}') boxes_.push_back(closing);
      return;
    }
    if (content == "," || content == ";") return Emit(Tok::kComma);
    if (const Command* word = FindWord(content); word != nullptr && (word->token != Tok::kFunction || FindUnit(content) == nullptr)) return EmitKnown(*word);
    Emit(Tok::kText, 0, content);
  }

  void Roman() {
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
    if (word) return Emit(Tok::kText, 0, content);
    IsUnitLetter(content) ? Emit(Tok::kText, 0, content) : EmitLetter(content);
  }

  // A letter that stands upright for a unit; upright e, i and d are constants.
  static bool IsUnitLetter(std::string_view letter) { return letter != "e" && letter != "i" && letter != "d" && FindUnit(letter) != nullptr; }

  void OperatorName() {
    const std::string_view name = Argument();
    if (const Command* word = FindWord(name); word != nullptr) return EmitKnown(*word);
    if (const Command* command = FindCommand(name); command != nullptr && command->kind == CommandKind::kToken) return EmitKnown(*command);
    Emit(Tok::kText, 0, name);
  }

  void Blackboard() {
    const std::string_view name = Argument();
    if (name.size() != 1 || std::string_view("RZNQC").find(name[0]) == std::string_view::npos) return EmitLetter(name.substr(0, 1));
    Emit(Tok::kNumberSet, 0, name);
  }

  void SizedBracket() {
    space_ = false;
    SkipSpaces();
    if (Peek(0) == '.') ++at_;
  }

  void Sign(char c) {
    ++at_;
    switch (c) {
      case '(': case '[': return Emit(Tok::kOpen, static_cast<uint16_t>(c));
      case ')': case ']': return Emit(Tok::kClose, static_cast<uint16_t>(c));
      case '{': return Emit(Tok::kOpen, '{');
      case '}': return Emit(Tok::kClose, '}');
      case '|': return Emit(Tok::kBar);
      case ',': return Emit(Tok::kComma);
      case ';': return Emit(Tok::kSemicolon);
      case ':': return Peek(0) == '=' ? (++at_, EmitRelation(Relation::kEqual)) : Emit(Tok::kColon);
      case '+': return Peek(0) == '-' ? (++at_, Emit(Tok::kPlusMinus)) : Emit(Tok::kPlus);
      case '-': return Peek(0) == '>' ? (++at_, EmitRelation(Relation::kTo)) : Emit(Tok::kMinus);
      case '*': return Peek(0) == '*' ? (++at_, Emit(Tok::kCaret)) : Emit(Tok::kTimes);
      case '/': return Emit(Tok::kDivide);
      case '^': return Emit(Tok::kCaret);
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
                break;
      default: break;
    }
    Fail(std::string("'") + c + "' stands where it means nothing");
  }

  void EqualSign() {
    if (Peek(0) == '=') ++at_;
    if (Peek(0) == '<') return ++at_, EmitRelation(Relation::kLessEqual);
    EmitRelation(Relation::kEqual);
  }

  void Dollar() {
    if (dollars_delimit_) return void(space_ = true);
    Emit(Tok::kCurrency, 0, "dollar");
  }

  int CountDollars() const {
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

  void EmitRelation(Relation relation) { Emit(Tok::kRelation, static_cast<uint16_t>(relation)); }

  void Emit(Tok kind, uint16_t op = 0, std::string_view text = {}) {
    out_.tokens.push_back({kind, space_, op, static_cast<uint32_t>(begin_), text});
    space_ = false;
  }

  void Fail(std::string_view what) {
    if (out_.error.empty()) out_.error = std::string(what) + " at " + std::to_string(begin_ + 1);
  }

  void SkipSpaces() {
    while (at_ < text_.size() && IsSpace(text_[at_])) {
      ++at_;
      space_ = true;
    }
  }

  char Peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Fuel& fuel_;
  Lexed& out_;
  const std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;
  size_t roman_end_ = 0;
  std::vector<size_t> boxes_;  // Where closing braces of \text{42} stand.
  bool space_ = false;
  bool dollars_delimit_ = true;
};

}  // namespace

void Lex(std::string_view text, Fuel& fuel, Lexed& out) {
  out.plain = text.find_first_of("\\$") == std::string_view::npos;
  std::optional<std::string> rewritten = RewriteUnicode(text);
  if (!fuel.Spend(1 + static_cast<int64_t>(text.size()))) {
    out.error = "out of fuel";
  } else if (!rewritten.has_value()) {
    out.error = "it contains a character that stands for nothing in mathematics";
  } else {
    out.text = std::move(*rewritten);
    out.tokens.reserve(std::min(out.text.size() + 1, kTokensAtOnce));
    Lexer(fuel, out).Run();
  }
}

}  // namespace cohort::reward::math
