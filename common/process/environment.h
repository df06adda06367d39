#pragma once

#include <string>

namespace cohort::process {

// The environment variable `name`; "" where it is not set. Not to be called while another thread changes the environment.
std::string Variable(const char* name);

}  // namespace cohort::process
