#include "common/data/problems.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/data/rows.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::data {
namespace {

constexpr char kSource[] = "source";  // The column that is taken when none is named.
constexpr absl::string_view kTurns = R"(write [{"role": "user", "content": "1 + 1"}])";

absl::StatusOr<const nlohmann::json*> ColumnOf(const Row& row, const std::string& column, absl::string_view role) {
  const nlohmann::json* value = Find(row.values, column);
  if (value != nullptr) return value;
  return absl::InvalidArgumentError(absl::StrCat("has no column '", column, "'; ", ColumnsText(row), "; name the right one in data.", role, "_column"));
}

// The text of `column`; a number counts as its digits.
absl::StatusOr<std::string> TextOf(const Row& row, const std::string& column, absl::string_view role) {
  COHORT_ASSIGN_OR_RETURN(const nlohmann::json* value, ColumnOf(row, column, role));
  std::string text;
  if (value->is_string()) text = value->get<std::string>();
  if (value->is_number()) text = value->dump();
  if (!value->is_string() && !value->is_number()) {
    return absl::InvalidArgumentError(absl::StrCat("'", column, "' is a JSON ", value->type_name(), "; write a string or a number",
                                                   role == "prompt" && value->is_array() ? ", or name it in data.messages_column if it is a conversation" : ""));
  }
  if (absl::StripAsciiWhitespace(text).empty()) return absl::InvalidArgumentError(absl::StrCat("'", column, "' is empty; fill it in, or delete the row"));
  return text;
}

absl::StatusOr<std::vector<Turn>> TurnsOf(const Row& row, const std::string& column) {
  COHORT_ASSIGN_OR_RETURN(const nlohmann::json* value, ColumnOf(row, column, "messages"));
  if (!value->is_array() || value->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("'", column, "' is ", value->is_array() ? "an empty list" : absl::StrCat("a JSON ", value->type_name()),
                                                   ", not a conversation; ", kTurns));
  }
  std::vector<Turn> turns;
  for (const nlohmann::json& entry : *value) {
    const nlohmann::json *role = Find(entry, "role"), *content = Find(entry, "content");
    if (role == nullptr || content == nullptr || !role->is_string() || !content->is_string()) {
      return absl::InvalidArgumentError(absl::StrCat("turn ", turns.size() + 1, " of '", column, "' lacks a `role` or a `content` that is text; ", kTurns));
    }
    turns.push_back({role->get<std::string>(), content->get<std::string>()});
  }
  if (turns.back().role == "assistant") {
    return absl::InvalidArgumentError(absl::StrCat("'", column, "' ends with the assistant's turn, which is what the model is to write; end it with the user's"));
  }
  return turns;
}

// Of the column `given`, else of kSource where the row has one.
absl::Status ReadSource(const Row& row, const std::string& given, std::string& source) {
  const nlohmann::json* value = Find(row.values, given.empty() ? kSource : given);
  if (given.empty() && (value == nullptr || value->is_null())) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(source, TextOf(row, given.empty() ? kSource : given, "source"));
  return absl::OkStatus();
}

absl::Status ReadProblem(const Row& row, const ProblemColumns& columns, Problem& problem) {
  if (columns.messages.empty()) {
    COHORT_ASSIGN_OR_RETURN(problem.prompt, TextOf(row, columns.prompt, "prompt"));
  } else {
    COHORT_ASSIGN_OR_RETURN(problem.messages, TurnsOf(row, columns.messages));
    problem.prompt = problem.messages.back().content;
  }
  COHORT_ASSIGN_OR_RETURN(problem.answer, TextOf(row, columns.answer, "answer"));
  return ReadSource(row, columns.source, problem.source);
}

}  // namespace

absl::StatusOr<std::vector<Problem>> LoadProblems(const std::string& path, const ProblemColumns& columns) {
  const WantedRow wanted = {{columns.messages.empty() ? columns.prompt : columns.messages, columns.answer, columns.source.empty() ? kSource : columns.source},
                            R"({"prompt": "1 + 1", "answer": "2"})"};
  std::vector<Problem> problems;
  COHORT_RETURN_IF_ERROR(ForEachRow(path, wanted, [&](const Row& row) -> absl::Status {
    Problem problem;
    problem.place = row.place;
    if (const absl::Status read = ReadProblem(row, columns, problem); !read.ok()) return Annotate(read, row.place);
    problems.push_back(std::move(problem));
    return absl::OkStatus();
  }));
  return problems;
}

}  // namespace cohort::data
