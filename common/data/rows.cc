#include "common/data/rows.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/data/parquet_file.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::data {
namespace {

constexpr int64_t kRowsAtOnce = 1024;

bool IsParquet(absl::string_view path) { return absl::EndsWith(path, ".parquet"); }
bool IsJsonl(absl::string_view path) { return absl::EndsWith(path, ".jsonl") || absl::EndsWith(path, ".json") || absl::EndsWith(path, ".ndjson"); }

std::string Remedy(const WantedRow& wanted) { return absl::StrCat("each line is an object such as ", wanted.example); }

// Visits rows, of which each is a JSON object in a line.
struct LineVisitor {
  const WantedRow& wanted;
  const RowVisitor& visit;

  absl::Status operator()(absl::string_view line, const std::string& place, const std::vector<std::string>* columns) const;
};

absl::Status LineVisitor::operator()(absl::string_view line, const std::string& place, const std::vector<std::string>* columns) const {
  const auto row = nlohmann::json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (row.is_discarded()) return absl::InvalidArgumentError(absl::StrCat(place, ": is not JSON; ", Remedy(wanted)));
  if (!row.is_object()) return absl::InvalidArgumentError(absl::StrCat(place, ": is a JSON ", row.type_name(), "; ", Remedy(wanted)));
  return visit({row, place, columns});
}

absl::Status ReadJsonl(const std::string& path, const LineVisitor& visit, int64_t& rows) {
  COHORT_ASSIGN_OR_RETURN(const std::string content, io::ReadFile(path));
  int64_t number = 0;
  for (const absl::string_view line : absl::StrSplit(content, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    COHORT_RETURN_IF_ERROR(visit(line, absl::StrCat(path, ":", number), /*columns=*/nullptr));
    ++rows;
  }
  return absl::OkStatus();
}

// The columns of the file that hold what `wanted` asks for.
std::vector<std::string> Chosen(const std::vector<std::string>& columns, const std::vector<std::string>& wanted) {
  std::set<absl::string_view> names;
  for (const std::string& name : wanted) {
    names.insert(name);
    names.insert(absl::string_view(name).substr(0, name.find('.')));
  }
  std::vector<std::string> chosen;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(chosen), [&](const std::string& column) { return names.count(column) > 0; });
  return chosen;
}

absl::Status ReadParquet(const std::string& path, const LineVisitor& visit, int64_t& rows) {
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<ParquetFile> file, ParquetFile::Open(path));
  if (file->columns().empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": has no columns"));
  std::vector<std::string> chosen = Chosen(file->columns(), visit.wanted.columns);
  // The visitor says which column it misses.
  if (chosen.empty()) chosen = {file->columns().front()};
  COHORT_RETURN_IF_ERROR(file->Select(chosen));
  int64_t number = 0;
  for (;;) {
    COHORT_ASSIGN_OR_RETURN(const std::string lines, file->Next(kRowsAtOnce));
    if (lines.empty()) break;
    for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
      COHORT_RETURN_IF_ERROR(visit(line, absl::StrCat(path, ": row ", ++number), &file->columns()));
    }
  }
  rows += number;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().filename();
    if (name[0] != '.' && (IsParquet(name) || IsJsonl(name)) && entry.is_regular_file(error)) files.push_back(entry.path());
  }
  if (error) return absl::PermissionDeniedError(absl::StrCat(path, ": cannot be listed: ", error.message()));
  if (files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory without data files; put .jsonl or .parquet files into it, not into folders below"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

absl::Status ForEachRow(const std::string& path, const WantedRow& wanted, const RowVisitor& visit) {
  const LineVisitor lines = {wanted, visit};
  COHORT_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(path));
  int64_t rows = 0;
  for (const std::string& file : files) {
    COHORT_RETURN_IF_ERROR(IsParquet(file) ? ReadParquet(file, lines, rows) : ReadJsonl(file, lines, rows));
  }
  if (rows == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no rows; ", Remedy(wanted)));
  return absl::OkStatus();
}

const nlohmann::json* Find(const nlohmann::json& row, absl::string_view column) {
  const nlohmann::json* at = &row;
  if (const auto whole = row.find(std::string(column)); whole != row.end()) return &*whole;
  for (const absl::string_view key : absl::StrSplit(column, '.')) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(key));
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string ColumnsText(const Row& row) {
  std::vector<std::string> names;
  if (row.columns != nullptr) {
    names = *row.columns;
  } else {
    for (const auto& [name, value] : row.values.items()) names.push_back(name);
  }
  if (names.empty()) return "it has no columns";
  return absl::StrCat(names.size() == 1 ? "its only column is " : "its columns are ", absl::StrJoin(names, ", "));
}

}  // namespace cohort::data
