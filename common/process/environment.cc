#include "common/process/environment.h"

#include <cstdlib>

namespace cohort::process {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace cohort::process
