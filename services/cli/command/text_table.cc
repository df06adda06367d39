#include "services/cli/command/text_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cohort::cli {
namespace {

bool StartsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::string Padding(int columns) { return std::string(static_cast<size_t>(std::max(columns, 0)), ' '); }

}  // namespace

int DisplayWidth(absl::string_view text) { return static_cast<int>(std::count_if(text.begin(), text.end(), StartsCharacter)); }

std::string FitWidth(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width <= 0) return "";
  std::string cut;
  int columns = 0;
  for (const char byte : text) {
    if (StartsCharacter(byte) && ++columns > width - 1) break;
    cut.push_back(byte);
  }
  return cut + "…";
}

std::string TextTable::Render(int indent) const {
  std::vector<int> widths(header_.size());
  for (size_t column = 0; column < header_.size(); ++column) {
    widths[column] = DisplayWidth(header_[column]);
    for (const auto& row : rows_) widths[column] = std::max(widths[column], column < row.size() ? DisplayWidth(row[column]) : 0);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = Padding(indent);
    for (size_t column = 0; column < cells.size() && column < widths.size(); ++column) {
      const std::string gap = Padding(widths[column] - DisplayWidth(cells[column]));
      const bool last_left = column == 0 && cells.size() == 1;
      absl::StrAppend(&text, column == 0 ? "" : "   ", column == 0 ? absl::StrCat(cells[column], last_left ? "" : gap) : gap + cells[column]);
    }
    return text + "\n";
  };
  int total = 0;
  for (size_t column = 0; column < widths.size(); ++column) total += widths[column] + (column == 0 ? 0 : 3);
  std::string rule = Padding(indent);
  for (int i = 0; i < total; ++i) rule += "─";
  std::string text = line(header_) + rule + "\n";
  for (const auto& row : rows_) text += line(row);
  return text;
}

}  // namespace cohort::cli
