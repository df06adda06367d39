#include "tests/golden/reward/row_file.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kMarks = "+-fn";
constexpr std::string_view kSeparator = " :: ";
constexpr std::string_view kReason = "because ";
constexpr std::string_view kTemplate = "template ";
constexpr std::string_view kCode = "{U+";

void AppendUtf8(uint32_t code, std::string& text) {
  const auto continuation = [&](int shift) { text += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | (code >> 6));
    continuation(0);
  } else {
    text += static_cast<char>(0xE0 | (code >> 12));
    continuation(6);
    continuation(0);
  }
}

// `text` with {U+XXXX} replaced by the characters they name.
std::string Expand(std::string_view text) {
  std::string expanded;
  while (true) {
    const size_t begin = text.find(kCode), end = begin == std::string_view::npos ? begin : text.find('}', begin);
    expanded += text.substr(0, end == std::string_view::npos ? end : begin);
    if (end == std::string_view::npos) return expanded;
    uint32_t code = 0;
    std::from_chars(text.data() + begin + kCode.size(), text.data() + end, code, 16);
    AppendUtf8(code, expanded);
    text.remove_prefix(end + 1);
  }
}

bool ParseSetting(std::string_view words, std::optional<Setting>& setting) {
  setting.emplace();
  for (const auto word : absl::StrSplit(absl::string_view(words.data(), words.size()), ' ', absl::SkipEmpty())) {
    if (word == "prefilled") setting->prefilled = true;
    else if (word == "truncated") setting->truncated = true;
    else if (!v1::Template_Parse(absl::StrCat("TEMPLATE_", word), &setting->shape)) return false;
  }
  return setting->shape != v1::TEMPLATE_UNSPECIFIED;
}

bool ParseRow(std::string_view line, Row& row) {
  const size_t separator = line.find(kSeparator);
  if (line.size() < 2 || kMarks.find(line[0]) == std::string_view::npos || line[1] != ' ' || separator == std::string_view::npos) return false;
  row.mark = line[0];
  row.gold = Expand(line.substr(2, separator - 2));
  row.answer = Expand(line.substr(separator + kSeparator.size()));
  return !row.gold.empty();
}

}  // namespace

absl::StatusOr<Family> ParseFamily(const std::string& path, std::string_view text) {
  Family family{std::filesystem::path(path).stem().string(), path, {}};
  std::istringstream lines{std::string(text)};
  std::string reason;
  std::optional<Setting> setting;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto bad = [&](std::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", std::string(what), ": '", line, "'"));
    };
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with(kReason)) {
      reason = line.substr(kReason.size());
    } else if (line.starts_with(kTemplate)) {
      if (!ParseSetting(std::string_view(line).substr(kTemplate.size()), setting)) return bad("write a template of reward_service.proto without TEMPLATE_");
      reason.clear();
    } else {
      Row row{.reason = reason, .setting = setting, .line = number};
      if (!ParseRow(line, row)) return bad("write a mark (+ - f n), the reference answer, ' :: ' and the answer");
      if (reason.empty()) return bad("write the reason of the row above it, as 'because ...'");
      family.rows.push_back(std::move(row));
    }
  }
  if (family.rows.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": there is no row"));
  return family;
}

absl::StatusOr<Family> ReadFamily(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  std::ostringstream text;
  text << file.rdbuf();
  return ParseFamily(path, text.str());
}

std::vector<std::string> FamilyFiles(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".rows") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace cohort::reward
