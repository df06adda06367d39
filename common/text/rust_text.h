#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/text/text_c.h"

namespace cohort::text {

// Takes over a text of the Rust library.
inline std::string Take(CohortText text) {
  std::string copy(text.data == nullptr ? "" : std::string(text.data, text.size));
  cohort_text_free(text);
  return copy;
}

inline absl::Status Check(CohortText error, absl::string_view context) {
  if (error.data == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(context, ": ", Take(error)));
}

}  // namespace cohort::text
