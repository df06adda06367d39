#pragma once

#include "absl/strings/string_view.h"

namespace cohort::config {

// A serialised google.protobuf.FileDescriptorSet of the configuration schema with its comments, which generated C++ code lacks.
absl::string_view ConfigDescriptorBytes();

}  // namespace cohort::config
