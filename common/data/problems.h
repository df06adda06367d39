#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cohort::data {

// One problem of a data set.
struct Problem {
  std::string prompt;
  std::string answer;  // The reference answer, as text.
  int64_t line = 0;    // Its line in the file, from 1.
  std::string source;  // The data set it comes from, as its row says; empty without.
};

// Reads a JSONL file of objects with `prompt` and `answer` (a string or a number) and, where several data sets are mixed, the `source` (a string) that tells
// them apart; other keys are ignored. INVALID_ARGUMENT names file, line, key and remedy for the first bad line: not JSON, a missing, empty or ill-typed key; or
// for a file without any line. NOT_FOUND when there is no such file.
absl::StatusOr<std::vector<Problem>> LoadProblems(const std::string& path);

}  // namespace cohort::data
