#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cohort::reward::math {

// A fraction as it was written, not reduced.
struct Literal {
  int64_t numerator = 0;
  int64_t denominator = 1;  // Above 0.
  bool whole = true;        // Written in digits alone.

  friend bool operator==(const Literal& a, const Literal& b) {
    return static_cast<__int128>(a.numerator) * b.denominator == static_cast<__int128>(b.numerator) * a.denominator;
  }
};

// The number that the text is and nothing else, when it is short and written plainly: 42, -3.50, 7/4, \frac{7}{4}, \dfrac{7}4, between dollar signs or not. The most
// frequent answers need no parser; nullopt says nothing about a text, and what is returned is what the parser would find.
std::optional<Literal> ReadLiteral(std::string_view text);

}  // namespace cohort::reward::math
