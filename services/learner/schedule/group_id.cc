#include "services/learner/schedule/group_id.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cohort::learner {

std::string GroupId(absl::string_view run, int64_t step, int64_t slot) { return absl::StrCat(run, "/", step, "/", slot); }

std::optional<GroupPlace> ParseGroupId(absl::string_view run, absl::string_view id) {
  absl::string_view rest = id;
  if (!absl::ConsumePrefix(&rest, run) || !absl::ConsumePrefix(&rest, "/")) return std::nullopt;
  const size_t slash = rest.find('/');
  GroupPlace place;
  if (slash == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, slash), &place.step) ||
      !absl::SimpleAtoi(rest.substr(slash + 1), &place.slot)) {
    return std::nullopt;
  }
  if (GroupId(run, place.step, place.slot) != id) return std::nullopt;
  return place;
}

}  // namespace cohort::learner
