#pragma once

#include <string>

namespace cohort::data {

// Tests run in the source root.
inline std::string FixturePath(const std::string& name) { return "tests/unit/common/data/fixtures/" + name; }

}  // namespace cohort::data
