#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::cli {

// One row of input: what to grade, or why it cannot be.
struct GradeRow {
  std::string id = "null";           // The id as it was written, any JSON value.
  std::string error;                 // "line 7: it has no 'gold'"; empty when the row is fine.
  cohort::reward::v1::ScoreItem item;

  bool ok() const { return error.empty(); }
};

// Reads {"id", "gold", "answer"} or {"id", "gold", "completion", "template", "think_prefilled", "finish_reason", "eos_strings", "source"}. `gold` and `answer` may be JSON
// numbers; their digits are taken as written. A null value means the same as a missing key; further keys are passed over. `number` is that of the line, from 1.
GradeRow ParseGradeRow(std::string_view line, int64_t number);

// The row of output, with a newline; with policy, canonical forms and rule when the result carries an explanation.
std::string FormatResult(const GradeRow& row, const cohort::reward::v1::ScoreResult& result);
std::string FormatError(const GradeRow& row);

}  // namespace cohort::cli
