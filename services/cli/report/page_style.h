#pragma once

#include "absl/strings/string_view.h"

namespace cohort::cli {

// The page's style sheet: light and dark, screen and print, no outside asset.
absl::string_view PageStyle();

// The page's script: one cursor through all charts that shows the values of the step under the pointer. The page is whole without it.
absl::string_view PageScript();

}  // namespace cohort::cli
