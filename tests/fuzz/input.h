#pragma once

#include <cstdint>
#include <string_view>

namespace cohort::reward {

// What libFuzzer hands over, as text.
inline std::string_view TextOf(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// Cuts the text at the first line feed: what stands before it, and what is left in `text`.
inline std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

// Ends the process in a way that libFuzzer reports, with the input that led there.
inline void Require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace cohort::reward
