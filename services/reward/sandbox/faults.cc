#include "services/reward/sandbox/faults.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace cohort::reward {

Faults Faults::FromEnvironment() {
  Faults faults;
  const char* setting = std::getenv("COHORT_FAULTS");
  if (setting == nullptr) return faults;
  for (absl::string_view entry : absl::StrSplit(setting, ',')) {
    if (absl::ConsumePrefix(&entry, "reward:spin_on=")) faults.spin_on = std::string(entry);
    if (absl::ConsumePrefix(&entry, "reward:die_on=")) faults.die_on = std::string(entry);
  }
  return faults;
}

void Faults::Apply(const CheckInput& check) const {
  const auto asks = [&](const std::string& text) { return !text.empty() && check.completion.find(text) != std::string_view::npos; };
  if (asks(die_on)) _exit(1);
  if (asks(spin_on)) {
    for (volatile bool forever = true; forever;) {
    }
  }
}

}  // namespace cohort::reward
