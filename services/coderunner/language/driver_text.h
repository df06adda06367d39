#pragma once

#include <string_view>

namespace cohort::coderunner {

// The files of language/driver, as they were built in.
std::string_view PythonDriver();
std::string_view CxxDriver();

}  // namespace cohort::coderunner
