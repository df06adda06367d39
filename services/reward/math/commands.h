#pragma once

#include <cstdint>
#include <string_view>

#include "services/reward/math/token.h"

namespace cohort::reward::math {

// What a LaTeX command or plain word does in the lexer.
enum class CommandKind : uint8_t {
  kToken,     // Stands for one token.
  kDropped,   // Style, sizes, spaces: passed over.
  kDropArgument,  // Passed over together with its argument: \color{red}.
  kTextBox,   // Its argument is text.
  kBox,       // The final answer: once.
  kRoman,     // \mathrm and its like: a letter is a symbol, a word is text.
  kRomanSwitch,  // \rm: the same for the rest of its group.
  kOperatorName,
  kBlackboard,
  kSizedBracket,  // \left, \right: a following '.' is an invisible bracket.
  kArrow,         // \vec, \overrightarrow.
  kForbidden,     // Defines or expands macros.
};

struct Command {
  const char* name;
  CommandKind kind;
  Tok token = Tok::kEnd;
  uint16_t op = 0;
  const char* text = nullptr;
};

// nullptr when the command (without its backslash) is unknown.
const Command* FindCommand(std::string_view name);

// Plain words that mean something: sin, sqrt, pi, and, or, inf. nullptr for all others.
const Command* FindWord(std::string_view name);

}  // namespace cohort::reward::math
