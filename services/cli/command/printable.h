#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cohort::cli {

// Text of a model for a terminal: control characters other than line breaks and tabs become '?', so that it cannot steer the terminal.
std::string Printable(absl::string_view text);

}  // namespace cohort::cli
