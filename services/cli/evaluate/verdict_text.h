#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cohort::cli {

// What a verdict means to a person: "PRED_UNPARSEABLE" and "VERDICT_PRED_UNPARSEABLE" are "answer not readable". Names of later versions are shown in
// lower case.
std::string VerdictText(absl::string_view verdict);

}  // namespace cohort::cli
