#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::reward {

// How a completion is read. Rows without one compare a reference answer with a bare answer, past the extraction.
struct Setting {
  v1::Template shape = v1::TEMPLATE_UNSPECIFIED;
  bool prefilled = false;
  bool truncated = false;
};

// One hand-checked case.
struct Row {
  char mark = '+';  // What has to come out, see Family.
  std::string gold;
  std::string answer;  // With a setting: a whole completion.
  std::string reason;  // Why the mark is right.
  std::optional<Setting> setting;
  int line = 0;
};

// A file of rows about one thing. Its lines:
//
//   # Title, and whatever else a reader should know.
//   template R1_ZERO prefilled         the rows below are completions under this template; may add `prefilled` and `truncated`
//   because a common factor cancels    the reason for the marks of the rows below
//   + \frac{2}{3} :: \frac{4}{6}       mark, reference answer, answer
//
// Marks: `+` CORRECT; `-` a usable reference answer and a wrong verdict on the answer (INCORRECT, PRED_UNPARSEABLE, NO_ANSWER, UNKNOWN or TIMEOUT: all
// count as wrong); `f` FORMAT; `n` NO_ANSWER. {U+200B} stands for the character with that code.
struct Family {
  std::string name;  // Of the file, without folder and extension.
  std::string path;
  std::vector<Row> rows;
};

// Reads one file. INVALID_ARGUMENT names file, line and remedy for the first line that is none of the above, or a row without a reason.
absl::StatusOr<Family> ReadFamily(const std::string& path);

// Reads the text of a family; `path` is only named.
absl::StatusOr<Family> ParseFamily(const std::string& path, std::string_view text);

// All files of `folder` that end in ".rows", by name.
std::vector<std::string> FamilyFiles(const std::string& folder);

}  // namespace cohort::reward
