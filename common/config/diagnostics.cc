#include "common/config/diagnostics.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cohort::config {
namespace {

constexpr int kEnd = std::numeric_limits<int>::max();

}  // namespace

void Diagnostics::Add(const Place& place, absl::string_view field, absl::string_view problem) {
  std::string text = !place.option.empty() ? place.option : place.line > 0 ? absl::StrCat(file_, ":", place.line) : file_;
  absl::StrAppend(&text, ": ", field, field.empty() ? "" : ": ", problem);
  entries_.push_back({place.line > 0 ? place.line : kEnd, std::move(text)});
}

absl::Status Diagnostics::ToStatus() const {
  if (entries_.empty()) return absl::OkStatus();
  std::vector<Entry> sorted = entries_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) { return a.line < b.line; });
  return absl::InvalidArgumentError(absl::StrJoin(sorted, "\n", [](std::string* out, const Entry& entry) { out->append(entry.text); }));
}

}  // namespace cohort::config
