#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cohort::cli {

// Columns a terminal needs for UTF-8 `text` (one per code point; no wide or combining characters are expected).
int DisplayWidth(absl::string_view text);

// `text` cut to `width` columns, with "…" at the end when something is lost.
std::string FitWidth(absl::string_view text, int width);

// A table of text for people: first column left, all others right aligned, header underlined.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : header_(std::move(header)) {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // Every line begins with `indent` spaces and ends with a newline.
  std::string Render(int indent = 2) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cohort::cli
