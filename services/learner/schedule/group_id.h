#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cohort::learner {

// "run/step/slot": the identity under which a group is accepted exactly once.
std::string GroupId(absl::string_view run, int64_t step, int64_t slot);

// The place that a group id of run `run` names.
struct GroupPlace {
  int64_t step = 0;
  int64_t slot = 0;
};
// nullopt when `id` is not one of `run`'s, spelled exactly as GroupId() does.
std::optional<GroupPlace> ParseGroupId(absl::string_view run, absl::string_view id);

}  // namespace cohort::learner
