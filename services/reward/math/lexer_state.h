#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/reward/math/ast.h"
#include "services/reward/math/commands.h"
#include "services/reward/math/lexer.h"

namespace cohort::reward::math {

inline bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool IsForeign(char c) { return static_cast<signed char>(c) < 0; }

// Whether an upright letter stands for a unit; upright e, i and d are constants.
bool IsUnitLetter(std::string_view letter);

// The machine behind Lex. Stands at one byte of the text; each method takes what it names and emits its tokens.
class Lexer {
 public:
  Lexer(Fuel& fuel, Lexed& out) : fuel_(fuel), out_(out), text_(out.text) {}

  void Run();

 private:
  // lexer.cc: the loop, signs.
  void Next();
  void Sign(char c);
  bool EmptyGroupFollows() const;
  bool MarkFollows();
  void EqualSign();
  void Dollar();
  int CountDollars() const;

  // lexer_numbers.cc: numbers.
  void Number();
  bool HexadecimalFollows() const;
  std::string_view Scientific(std::string_view run);
  std::string_view Digits();
  size_t SureThousands() const;
  bool SpaceGroups() const;
  bool RowEnds() const;
  bool ArgumentMissing() const;
  bool RepetendFollows(size_t at) const;
  bool RepeatsForEver(std::string_view run);

  // lexer_numerals.cc: numerals with a base.
  bool Numeral();
  bool BaseInWords(std::string_view run);
  int Base();

  // lexer_words.cc: letters, words, names of units.
  void Letters();
  bool InStandsHere() const;
  bool TakeChoiceLetter(std::string_view letter);
  bool ScientificStandsHere() const;
  bool CurrencyStandsHere(std::string_view run) const;
  bool MinutesFollow() const;
  bool BaseFollows() const;
  bool UnitStandsHere(std::string_view run) const;
  bool IsWord(std::string_view run, bool after_number) const;
  bool UnitContinues(std::string_view run) const;
  bool UnitsEnd() const;
  void SplitLetters(std::string_view run);
  void EmitLetter(std::string_view letter);
  bool UnionStandsHere() const;
  void ForeignWord();

  // lexer_commands.cc: what begins with a backslash.
  void CommandOrSign();
  void EscapedSign();
  void SkipRowSpacing();
  void EmitCommand(const Command& command);
  void EmitKnown(const Command& command);
  std::string_view Argument();
  size_t ClosingBrace(size_t from);
  void Box();
  void EmitText(std::string_view content);
  void TextBox();
  void Roman();
  void RomanSwitch();
  void OperatorName();
  void Blackboard();
  void SizedBracket();
  void Arrow();

  void EmitRelation(Relation relation) { Emit(Tok::kRelation, static_cast<uint16_t>(relation)); }
  void Emit(Tok kind, uint16_t op = 0, std::string_view text = {}) {
    out_.tokens.push_back({kind, space_, op, static_cast<uint32_t>(begin_), text});
    space_ = false;
  }
  void SkipSpaces() {
    while (at_ < text_.size() && IsSpace(text_[at_])) {
      ++at_;
      space_ = true;
    }
  }
  void Fail(std::string_view what) {
    if (out_.error.empty()) out_.error = std::string(what) + " at " + std::to_string(begin_ + 1);
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
  size_t box_end_ = 0;         // Where the last \boxed ends.
  bool dollars_delimit_ = true;
  bool has_base_ = false;       // The word stands somewhere.
  bool has_subscript_ = false;  // So does an underscore.
};

}  // namespace cohort::reward::math
