#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort::reward {

// One character of a UTF-8 text. `bytes` is 0 where the bytes are not UTF-8 (overlong forms, surrogates and values past U+10FFFF included).
struct CodePoint {
  char32_t value = 0;
  int bytes = 0;
};

// The character that begins at byte `at` < text.size().
CodePoint DecodeUtf8(std::string_view text, size_t at);

// Rule 1: valid UTF-8 without NUL, without C0 controls other than tab, newline and carriage return, without bidirectional controls
// (U+202A..U+202E, U+2066..U+2069), which make a text look like another one.
bool IsCleanText(std::string_view text);

// `text` with '?' for every byte that is not UTF-8, as protocol buffers want their strings.
std::string ValidUtf8(std::string_view text);

}  // namespace cohort::reward
