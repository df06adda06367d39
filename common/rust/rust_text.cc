#include "common/rust/rust_text.h"

#include "absl/strings/str_cat.h"

namespace cohort::rust {

std::string Take(CohortText text) {
  std::string copy(text.data == nullptr ? "" : std::string(text.data, text.size));
  cohort_text_free(text);
  return copy;
}

absl::Status Check(CohortText error, absl::string_view context) {
  if (error.data == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(context, ": ", Take(error)));
}

}  // namespace cohort::rust
