#pragma once

#include <cstddef>
#include <string_view>

namespace cohort::reward {

// A range of bytes [begin, end) of a completion.
struct Span {
  size_t begin = 0;
  size_t end = 0;

  size_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  std::string_view In(std::string_view text) const { return text.substr(begin, end - begin); }
  friend bool operator==(const Span&, const Span&) = default;
};

}  // namespace cohort::reward
