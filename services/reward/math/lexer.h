#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "services/reward/math/fuel.h"
#include "services/reward/math/token.h"

namespace cohort::reward::math {

// A text in tokens; `error` is empty when all of it was understood. The tokens point into `text` or `storage`, so the object must not be copied.
struct Lexed {
  std::string text;                 // Rewritten to ASCII LaTeX and letters (unicode.h).
  std::list<std::string> storage;  // Texts that do not stand in `text` as one piece.
  std::vector<Token> tokens;        // Ends with kEnd.
  bool plain = false;               // No LaTeX in it: braces are sets, x^10 is a power.
  bool signed_exponents = false;    // To be set before: 2e-3 is 0.002.
  bool ambiguous = false;           // It has a number that signed_exponents changes.
  std::string error;
};

// Cuts `text` into tokens. Style commands, spaces and delimiters of mathematics are passed over; a definition of a macro or an unknown command is an error.
void Lex(std::string_view text, Fuel& fuel, Lexed& out);

}  // namespace cohort::reward::math
