#include "common/data/problems.h"

#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::data {
namespace {

constexpr absl::string_view kExample = R"({"prompt": "1 + 1", "answer": "2"})";

// The text of `key`; a number counts as its digits. Answers nothing and sets `problem` when it will not do.
std::string ReadText(const nlohmann::json& row, const char* key, std::string& problem) {
  const auto value = row.find(key);
  if (value == row.end()) {
    problem = absl::StrCat("has no key '", key, "'; each line is an object such as ", kExample);
    return "";
  }
  std::string text;
  if (value->is_string()) text = value->get<std::string>();
  if (value->is_number()) text = value->dump();
  if (!value->is_string() && !value->is_number()) {
    problem = absl::StrCat("'", key, "' is a JSON ", value->type_name(), "; write a string or a number");
  } else if (absl::StripAsciiWhitespace(text).empty()) {
    problem = absl::StrCat("'", key, "' is empty; fill it in, or delete the line");
  }
  return text;
}

// Answers "" or what is wrong with the line; remedy.
std::string ReadProblem(absl::string_view line, Problem& problem) {
  const auto row = nlohmann::json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (row.is_discarded()) return absl::StrCat("is not JSON; each line is an object such as ", kExample);
  if (!row.is_object()) return absl::StrCat("is a JSON ", row.type_name(), "; each line is an object such as ", kExample);
  std::string wrong;
  problem.prompt = ReadText(row, "prompt", wrong);
  if (wrong.empty()) problem.answer = ReadText(row, "answer", wrong);
  if (const auto source = row.find("source"); wrong.empty() && source != row.end() && !source->is_null()) {
    if (source->is_string()) problem.source = source->get<std::string>();
    else wrong = absl::StrCat("'source' is a JSON ", source->type_name(), "; write the name of the data set as a string, or leave it out");
  }
  return wrong;
}

}  // namespace

absl::StatusOr<std::vector<Problem>> LoadProblems(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string content, io::ReadFile(path));
  std::vector<Problem> problems;
  int64_t number = 0;
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    Problem problem;
    problem.line = number;
    if (const std::string wrong = ReadProblem(line, problem); !wrong.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", wrong));
    }
    problems.push_back(std::move(problem));
  }
  if (problems.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no problem; each line is an object such as ", kExample));
  return problems;
}

}  // namespace cohort::data
