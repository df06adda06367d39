#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rust/rust_text_c.h"

namespace cohort::rust {

// Takes over a text of the Rust library.
std::string Take(CohortText text);

// What a call of the library answered: OK for no text, else INVALID_ARGUMENT with `context` and the text, which it takes over.
absl::Status Check(CohortText error, absl::string_view context);

}  // namespace cohort::rust
