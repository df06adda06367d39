#pragma once

#include <cstddef>
#include <string_view>

#include "common/reward/format/span.h"

namespace cohort::reward {

// White space: the characters of the Unicode property White_Space.
bool IsWhitespace(char32_t c);

// Characters without ink that are not white space: zero-width ones, fillers, variation selectors, tags, soft hyphen, combining marks.
bool IsInvisible(char32_t c);

// Whether every character is white space (empty text too).
bool IsBlank(std::string_view text);

// How many characters are neither white space nor invisible; counts no further than `enough`.
size_t CountVisible(std::string_view text, size_t enough);

// `span` of `text` without white space at both ends.
Span TrimWhitespace(std::string_view text, Span span);

}  // namespace cohort::reward
