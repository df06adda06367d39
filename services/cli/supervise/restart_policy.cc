#include "services/cli/supervise/restart_policy.h"

#include <algorithm>

namespace cohort::cli {

int RestartPolicy::DeathsSince(absl::Time begin) const {
  return static_cast<int>(std::count_if(deaths_.begin(), deaths_.end(), [&](absl::Time death) { return death > begin; }));
}

std::optional<absl::Duration> RestartPolicy::OnDeath(absl::Time now, absl::Duration lifetime) {
  while (!deaths_.empty() && deaths_.front() <= now - absl::Hours(1)) deaths_.pop_front();
  deaths_.push_back(now);
  if (static_cast<int>(deaths_.size()) > options_.max_per_hour || DeathsSince(now - absl::Minutes(1)) > options_.max_per_minute) return std::nullopt;
  quick_deaths_ = lifetime >= options_.healthy_after ? 0 : quick_deaths_ + 1;
  ++restarts_;
  absl::Duration delay = options_.first_delay;
  for (int i = 1; i < quick_deaths_ && delay < options_.max_delay; ++i) delay *= 2;
  return std::min(delay, options_.max_delay);
}

}  // namespace cohort::cli
