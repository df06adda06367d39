#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::reward::math {

// The text in ASCII, by an explicit table: full-width digits and signs, the minus sign U+2212, fraction slashes, written-out fractions (½ becomes
// \frac{1}{2}), ≈, spaces of other widths, and a final ideographic full stop. nullopt when any other character beyond ASCII, a control character or
// invalid UTF-8 stands there: letters of other scripts, invisible characters and the like are never skipped or guessed at.
std::optional<std::string> NormalizeToAscii(std::string_view text);

}  // namespace cohort::reward::math
