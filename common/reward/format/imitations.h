#pragma once

#include <string_view>

namespace cohort::reward {

// The ASCII character that `c` imitates, in lower case: letters of the tag names in Latin styles (full-width, mathematical, circled, small capital,
// superscript, with diacritics, ...), in Cyrillic, Greek and other scripts; and '<', '>', '/' for the many brackets and strokes that look like them. 0 where
// there is none.
char Imitated(char32_t c);

// The two letters that `c` stands for where one character writes two ("in" for U+33CC); empty for others.
std::string_view ImitatedDigraph(char32_t c);

}  // namespace cohort::reward
