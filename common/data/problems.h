#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace cohort::data {

// One turn of a conversation.
struct Turn {
  std::string role;  // "system", "user" or "assistant".
  std::string content;
};

// One problem of a data set.
struct Problem {
  std::string prompt;          // The problem's text; of a conversation, the content of its last turn.
  std::string answer;          // The reference answer, as text.
  std::vector<Turn> messages;  // The conversation up to the turn to generate, where the data set holds conversations.
  std::string source;          // Where the problem comes from; empty when its row does not say.
  std::string place;           // Where it stands, for errors: "train.jsonl:12" or "train.parquet: row 12".
};

// Columns of a data set, by name or, for what lies inside objects, by path (extra_info.answer).
struct ProblemColumns {
  std::string prompt = "prompt";  // A text, or a number. Not read where messages is set.
  std::string messages;           // A list of {role, content} that ends with the user's turn; empty: there is none.
  std::string answer = "answer";  // A text, or a number.
  std::string source;             // A text, or a number; empty: `source` where a row has one.
};

// Reads the problems of a JSONL or Parquet file, or of a directory of them (common/data/rows.h); other columns are ignored. INVALID_ARGUMENT names file,
// row, column and remedy for the first bad row: a missing, empty or ill-typed value, a conversation that does not end with the user's turn. NOT_FOUND
// when there is no such file.
absl::StatusOr<std::vector<Problem>> LoadProblems(const std::string& path, const ProblemColumns& columns = {});

}  // namespace cohort::data
