#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::reward::math {

// The text with every mathematical character beyond ASCII written in LaTeX, by an explicit table: full-width digits, letters and signs, Chinese
// punctuation, √ ² ₃ ½ × · ÷ − ± ≤ ≥ ≠ ∞ π ∪ ∩ ∅ ∈ ℝ °, Greek letters. Letters of other scripts (Chinese, Cyrillic, accented Latin) stay as they are: they may
// stand in words, and nowhere else. nullopt when any other character stands there, a control character, an invisible one, or invalid UTF-8: nothing is
// skipped or guessed at.
std::optional<std::string> RewriteUnicode(std::string_view text);

// Whether `c` is a letter of a script other than ASCII that may stand in words.
bool IsForeignLetter(char32_t c);

}  // namespace cohort::reward::math
