#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::cli {

// One row of `cohort parse`: a text, or why there is none.
struct ParseRow {
  std::string id = "null";  // The id as it was written, any JSON value.
  std::string latex;
  std::string error;        // "line 7: it has no 'latex'"; empty when the row is fine.

  bool ok() const { return error.empty(); }
};

// Reads {"id", "latex"}; `latex` may be a JSON number, its digits are taken as written. Further keys are passed over. `number` is that of the line, from 1.
ParseRow ReadParseRow(std::string_view line, int64_t number);

// The row of output, with a newline: {"id", "ok", "canonical", "error"}.
std::string FormatParsed(const ParseRow& row, const cohort::reward::v1::ParsedAnswer& parsed);
std::string FormatParseError(const ParseRow& row);

}  // namespace cohort::cli
