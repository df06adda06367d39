#include "services/reward/math/phrases.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/ast.h"

namespace cohort::reward::math {
namespace {

// Before a name and the set it runs through.
constexpr std::string_view kLeads[] = {"where", "for", "with", "when", "for all", "for any", "for every", "for each", "for some", "其中"};
// Before a name that runs through the whole or the real numbers.
constexpr std::string_view kWholeLeads[] = {"for integer", "for any integer", "for all integers", "for every integer", "for each integer", "for some integer", "for integers",
                                            "where integer", "integer"};
constexpr std::string_view kRealLeads[] = {"for some constant", "for any constant", "for constant", "for every constant", "for some real", "for some real number", "for some real constant",
                                           "for any real constant", "for all constants"};
// The same for the positive whole numbers.
constexpr std::string_view kPositiveLeads[] = {"for positive integer", "for any positive integer", "for all positive integers", "for every positive integer", "for each positive integer",
                                               "for some positive integer", "for positive integers", "where positive integer", "positive integer"};
// Behind a name.
constexpr std::string_view kIsPositive[] = {"is a positive integer", "is any positive integer", "is an arbitrary positive integer", "any positive integer", "a positive integer", "为正整数", "是正整数", "为任意正整数"};
constexpr std::string_view kIsWhole[] = {"is an integer", "is any integer", "is an arbitrary integer", "is integer", "any integer", "an integer", "为整数", "是整数", "为任意整数"};
constexpr std::string_view kIsReal[] = {"is a constant", "is any constant", "is an arbitrary constant", "is constant", "is a real number", "is any real number", "is an arbitrary real number",
                                        "is real", "is a real constant", "is any real constant", "is an arbitrary real constant", "为常数", "是常数", "为任意常数", "为实数"};
// Before the argument of a function that may be anything.
constexpr std::string_view kForAll[] = {"for all", "for every", "for any", "for each", "for all real", "for every real", "for any real", "for all real numbers", "for every real number",
                                        "for any real number"};
constexpr std::string_view kExcept[] = {"all real numbers except", "all reals except", "all real numbers except for", "all reals except for", "any real number except",
                                        "all real numbers other than"};

template <size_t kSize>
bool Among(const std::string_view (&phrases)[kSize], std::string_view phrase) {
  return std::find(std::begin(phrases), std::end(phrases), phrase) != std::end(phrases);
}

// The numbers that a name stands for.
enum class RunsThrough { kUnsaid, kWhole, kPositive, kReal };

// One token of the given kind at the place of `like`.
Token Sign(Tok kind, const Token& like, uint16_t op = 0, std::string_view text = {}) { return {kind, true, op, like.begin, text}; }

class PhraseReader {
 public:
  explicit PhraseReader(Lexed& lexed) : lexed_(lexed), in_(lexed.tokens) {}

  void Run() {
    out_.reserve(in_.size() + 4);
    while (at_ < in_.size()) {
      if (!TakeException() && !TakeForAll() && !TakeIndex() && !TakeMembership() && !TakeCondition() && !TakeLayout()) out_.push_back(in_[at_++]);
    }
    if (braces_ > 0) {
      const Token end = out_.back();
      out_.back() = Sign(Tok::kClose, end, 'S');
      out_.push_back(end);
    }
    lexed_.tokens = std::move(out_);
  }

 private:
  const Token& At(size_t i) const { return in_[std::min(i, in_.size() - 1)]; }
  bool Is(size_t i, Tok kind) const { return At(i).kind == kind; }
  bool IsIn(size_t i) const { return Is(i, Tok::kRelation) && At(i).op == static_cast<uint16_t>(Relation::kIn); }
  bool Ends(size_t i) const { return Is(i, Tok::kEnd) || Is(i, Tok::kClose) || Is(i, Tok::kComma); }

  static bool IsWord(const Token& token) { return token.kind == Tok::kWord || token.kind == Tok::kText || token.kind == Tok::kIf; }
  // The articles, which read as letters in plain text.
  bool IsArticle(size_t i) const { return Is(i, Tok::kSymbol) && At(i).text == "a" && At(i).space && IsWord(At(i + 1)); }
  bool IsSplitArticle(size_t i) const { return Is(i, Tok::kSymbol) && At(i).text == "a" && Is(i + 1, Tok::kSymbol) && At(i + 1).text == "n" && !At(i + 1).space && IsWord(At(i + 2)); }

  // The words from token `i` on, in lower case with single spaces; *end is the token behind them. "" when no word stands there.
  std::string Words(size_t i, size_t* end) const {
    std::string words;
    const auto add = [&words](std::string_view text) {
      for (const char c : text) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (lower == ',' || (lower == ' ' && (words.empty() || words.back() == ' '))) continue;
        words += lower;
      }
      words += ' ';
    };
    while (words.size() < kMaxPhraseBytes) {
      if (IsWord(At(i))) add(At(i).text), ++i;
      else if (!words.empty() && IsSplitArticle(i)) add("an"), i += 2;
      else if (!words.empty() && IsArticle(i)) add("a"), ++i;
      else break;
    }
    *end = i;
    while (!words.empty() && words.back() == ' ') words.pop_back();
    return words;
  }

  void PushComma(const Token& like) {
    const bool separated = out_.empty() || out_.back().kind == Tok::kComma || out_.back().kind == Tok::kSemicolon || (out_.back().kind == Tok::kOpen && out_.back().op == '(');
    if (!separated) out_.push_back(Sign(Tok::kComma, like));
  }

  void PushMembership(const Token& name, RunsThrough set) {
    out_.push_back(name);
    out_.push_back(Sign(Tok::kRelation, name, static_cast<uint16_t>(Relation::kIn)));
    out_.push_back(Sign(Tok::kNumberSet, name, 0, set == RunsThrough::kReal ? "R" : "Z"));
    if (set != RunsThrough::kPositive) return;
    out_.push_back(Sign(Tok::kCaret, name));
    out_.push_back(Sign(Tok::kPlus, name));
  }

  // "all real numbers except 1" at the beginning.
  bool TakeException() {
    size_t end = 0;
    if (at_ != 0 || !Among(kExcept, Words(0, &end)) || Is(end, Tok::kEnd)) return false;
    out_.push_back(Sign(Tok::kNumberSet, in_[0], 0, "R"));
    out_.push_back(Sign(Tok::kSetMinus, in_[0]));
    out_.push_back(Sign(Tok::kOpen, in_[0], 'S'));
    braces_ = 1;
    at_ = end;
    return true;
  }

  // Whether the text defines a function of `name`: f(x) = ….
  bool DefinesFunctionOf(const Token& name) const {
    return Is(0, Tok::kSymbol) && Is(1, Tok::kOpen) && Is(2, Tok::kSymbol) && At(2).text == name.text && Is(3, Tok::kClose) && Is(4, Tok::kRelation);
  }

  // Whether the text defines the terms of a sequence by `name`: a_n = ….
  bool DefinesSequenceOf(const Token& name) const {
    if (!Is(0, Tok::kSymbol) || !Is(1, Tok::kUnderscore)) return false;
    const bool braces = Is(2, Tok::kOpen) && At(2).op == '{';
    const size_t index = braces ? 3 : 2;
    return Is(index, Tok::kSymbol) && At(index).text == name.text && (!braces || Is(4, Tok::kClose)) && Is(braces ? 5 : 3, Tok::kRelation);
  }

  // ℕ, ℕ*, ℕ_+, ℤ^+ from token `i` on: the token behind it, or `i`.
  size_t IndexSetEnd(size_t i) const {
    if (!Is(i, Tok::kNumberSet) || (At(i).text != "N" && At(i).text != "Z")) return i;
    if (Is(i + 1, Tok::kTimes) && At(i).text == "N") return i + 2;
    if (!Is(i + 1, Tok::kCaret) && !Is(i + 1, Tok::kUnderscore)) return At(i).text == "N" ? i + 1 : i;
    const bool braces = Is(i + 2, Tok::kOpen) && At(i + 2).op == '{';
    const size_t sign = i + (braces ? 3 : 2);
    if (!(Is(sign, Tok::kPlus) || (Is(sign, Tok::kTimes) && At(i).text == "N")) || (braces && !Is(sign + 1, Tok::kClose))) return i;
    return sign + (braces ? 2 : 1);
  }

  // "n ∈ ℕ*" behind a definition of a_n: says nothing.
  bool TakeIndex() {
    const bool bracket = Is(at_, Tok::kOpen) && At(at_).op == '(';
    if ((!bracket && !Is(at_, Tok::kComma)) || at_ < 5 || !Is(at_ + 1, Tok::kSymbol) || !IsIn(at_ + 2) || !DefinesSequenceOf(At(at_ + 1))) return false;
    size_t end = IndexSetEnd(at_ + 3);
    if (end == at_ + 3 || (bracket && !Is(end++, Tok::kClose)) || !Is(end, Tok::kEnd)) return false;
    at_ = end;
    return true;
  }

  // "for all real x", "x ∈ ℝ" behind a definition of f(x): says nothing.
  bool TakeForAll() {
    size_t name = at_;
    const bool separated = Is(at_, Tok::kComma) || (Is(at_, Tok::kOpen) && At(at_).op == '(');
    if (separated) ++name;
    const bool words = IsWord(At(name));
    if ((!words && !separated) || at_ < 5) return false;
    if (words && !Among(kForAll, Words(name, &name))) return false;
    if (!Is(name, Tok::kSymbol) || !DefinesFunctionOf(At(name))) return false;
    size_t end = name + 1;
    const bool real = IsIn(end) && Is(end + 1, Tok::kNumberSet) && At(end + 1).text == "R";
    if (real) end += 2;
    if (!words && !real) return false;
    if (Is(at_, Tok::kOpen)) {
      if (!Is(end, Tok::kClose)) return false;
      ++end;
    }
    if (!Is(end, Tok::kEnd)) return false;
    at_ = end;
    return true;
  }

  // "for k ∈ ℤ", "for integer k", "for some constant c".
  bool TakeMembership() {
    if (at_ == 0 || environments_ > 0 || !IsWord(At(at_))) return false;
    size_t name = 0;
    const std::string words = Words(at_, &name);
    if (!Is(name, Tok::kSymbol)) return false;
    const Token like = in_[at_];
    if (Among(kLeads, words) && IsIn(name + 1) && Is(name + 2, Tok::kNumberSet)) {
      PushComma(like);
      at_ = name;
      return true;
    }
    const RunsThrough set = Among(kWholeLeads, words) ? RunsThrough::kWhole : Among(kPositiveLeads, words) ? RunsThrough::kPositive : Among(kRealLeads, words) ? RunsThrough::kReal : RunsThrough::kUnsaid;
    if (set == RunsThrough::kUnsaid || !Ends(name + 1)) return false;
    PushComma(like);
    PushMembership(in_[name], set);
    at_ = name + 1;
    return true;
  }

  // "where k is any integer", "k is an integer" behind a comma.
  bool TakeCondition() {
    if (at_ == 0 || environments_ > 0) return false;
    size_t name = at_, end = 0;
    if (IsWord(At(at_)) && !Among(kLeads, Words(at_, &name))) return false;
    const bool led = name > at_;
    const bool separated = led || (!out_.empty() && (out_.back().kind == Tok::kComma || (out_.back().kind == Tok::kOpen && out_.back().op == '(')));
    if (!separated || !Is(name, Tok::kSymbol)) return false;
    const std::string words = Words(name + 1, &end);
    const RunsThrough set = Among(kIsWhole, words) ? RunsThrough::kWhole : Among(kIsPositive, words) ? RunsThrough::kPositive : Among(kIsReal, words) ? RunsThrough::kReal : RunsThrough::kUnsaid;
    if (set == RunsThrough::kUnsaid || !Ends(end)) return false;
    if (led) PushComma(in_[at_]);
    PushMembership(in_[name], set);
    at_ = end;
    return true;
  }

  // Signs that only align equations.
  bool TakeLayout() {
    const Token& token = in_[at_];
    if (token.kind == Tok::kBegin) ++environments_;
    if (token.kind == Tok::kEndEnvironment) --environments_;
    if (token.kind == Tok::kAmpersand && (Is(at_ + 1, Tok::kRelation) || (at_ > 0 && Is(at_ - 1, Tok::kRelation)))) return ++at_, true;
    if (token.kind != Tok::kOpen || token.op != 'S' || !Is(at_ + 1, Tok::kBegin) || brace_seen_) return false;
    brace_seen_ = true;
    return !ClosesBehindEnvironment(at_ + 1) ? (++at_, true) : false;
  }

  // Whether anything follows the environment that begins at token `i`.
  bool ClosesBehindEnvironment(size_t i) const {
    int depth = 0;
    for (; i < in_.size(); ++i) {
      depth += Is(i, Tok::kBegin) ? 1 : Is(i, Tok::kEndEnvironment) ? -1 : 0;
      if (depth == 0) return !Is(i + 1, Tok::kEnd);
    }
    return true;
  }

  static constexpr size_t kMaxPhraseBytes = 60;

  Lexed& lexed_;
  const std::vector<Token>& in_;
  std::vector<Token> out_;
  size_t at_ = 0;
  int environments_ = 0;  // That are open.
  int braces_ = 0;        // That were opened and end with the text.
  bool brace_seen_ = false;  // One before an environment; only the first is looked at.
};

}  // namespace

void ReadPhrases(Lexed& lexed, Fuel& fuel) {
  // Every phrase has a word or a set of numbers, and all but those at the beginning stand beside a name.
  bool word = false, name = false, environment = false;
  for (const Token& token : lexed.tokens) {
    word = word || token.kind == Tok::kWord || token.kind == Tok::kText || token.kind == Tok::kIf || token.kind == Tok::kNumberSet;
    name = name || token.kind == Tok::kSymbol;
    environment = environment || token.kind == Tok::kBegin;
  }
  const bool leads = lexed.tokens.size() > 2 && (lexed.tokens[0].kind == Tok::kWord || lexed.tokens[0].kind == Tok::kText);
  if ((!(word && name) && !environment && !leads) || !fuel.Spend(8 * static_cast<int64_t>(lexed.tokens.size()))) return;
  PhraseReader(lexed).Run();
}

}  // namespace cohort::reward::math
