#pragma once

#include <cstdint>
#include <string_view>

namespace cohort::reward::math {

enum class Tok : uint8_t {
  kEnd,
  kNumber,      // text: digits with at most one point, thousands separators already out where they cannot mean anything else.
  kNumeral,     // text: "digits_base"; op: the base.
  kSymbol,      // text: one letter, or the name of a Greek one.
  kPi, kE, kI, kInfinity,
  kFunction,    // op: Function.
  kWord,        // text: a plain word of several letters, or of another script.
  kText,        // text: what stands in \text{…} and its like.
  kOpen,        // op: ( [ { S(\{) < f(⌊) c(⌈)
  kClose,       // op: ) ] } S > f c
  kBar,         // |
  kDoubleBar,   // \|
  kMid,         // \mid
  kComma, kSemicolon, kColon,
  kPlus, kMinus, kPlusMinus, kMinusPlus, kTimes, kDivide, kCaret, kUnderscore,
  kRelation,    // op: Relation.
  kNot,         // \not before a relation.
  kBang, kPercent, kCirc, kPrime, kDollar,
  kCurrency,    // text: its unit.
  kFrac, kSqrt, kCubeRoot, kBinom, kOverline, kDotOver, kConjugate,
  kPlainRoot,   // √ without braces: takes the next operand.
  kSum, kProduct, kIntegral, kLimit,
  kCup, kCap, kSetMinus,
  kNumberSet,   // text: R, Z, N, Q, C.
  kEmptySet, kEllipsis,
  kMod,         // \bmod, or the word mod.
  kPmod,        // \pmod
  kBegin, kEndEnvironment,  // text: name.
  kAmpersand, kRowBreak,
  kOr, kAnd,
  kIf,          // if, when, for: before the condition of a case.
  kDegreeWord,
  kChoose,
  kNegation,    // ¬; op 1 and 2: \angle, \triangle.
  kStackrel,    // Not understood anywhere: kept so that errors have a place.
};

struct Token {
  Tok kind = Tok::kEnd;
  bool space = false;  // White space stood before it.
  uint16_t op = 0;
  uint32_t begin = 0;  // Offset in the rewritten text.
  std::string_view text;
};

}  // namespace cohort::reward::math
