#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/coderunner/language/language.h"
#include "services/coderunner/problem/json_value.h"

namespace cohort::coderunner {

// Most tests of one problem.
inline constexpr size_t kMaxTests = 1000;

// What one test may use.
struct Limits {
  absl::Duration cpu = absl::Seconds(2);
  absl::Duration wall = absl::Seconds(6);   // Sleeping counts.
  int64_t memory_bytes = int64_t{512} << 20;  // Address space.
  int64_t output_bytes = 1 << 20;             // Standard output and error together, and the result of a function.
};

// How the output of a program is compared.
enum class TextRule {
  kLines,   // Line by line; white space at the end of lines and empty lines at the end are free.
  kTokens,  // Token by token; white space is free.
};

// One test. What is expected never leaves this process.
struct Test {
  std::string input;           // Standard input of the program: what the test gives it, or the arguments of the function as a JSON array.
  std::string expected_text;   // Of programs.
  JsonValue expected_value;    // Of functions.
  double tolerance = 0;        // Above 0: numbers may differ by so much, absolute below 1 and relative above.
};

// A reference answer of a code problem.
struct Problem {
  std::optional<Language> language;  // Not set: the program chooses.
  std::string function;              // "name" or "Class.name"; empty for programs.
  TextRule rule = TextRule::kLines;
  Limits limits;
  std::vector<Test> tests;  // At least one.

  bool is_function() const { return !function.empty(); }
};

// Reads a reference document; services/coderunner/README.md describes it. INVALID_ARGUMENT names the field ("tests[3].stdin: ...") and what it should be, or says
// that the document is longer than reward::kMaxProblemBytes.
absl::StatusOr<Problem> ReadProblem(std::string_view gold);

}  // namespace cohort::coderunner
