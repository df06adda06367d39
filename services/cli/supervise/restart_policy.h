#pragma once

#include <deque>
#include <optional>

#include "absl/time/time.h"

namespace cohort::cli {

// Decides whether and when a child that died is started again. One that dies at once again and again waits longer each time; one that dies too often is
// given up. Pure: the caller brings the time.
class RestartPolicy {
 public:
  struct Options {
    absl::Duration first_delay = absl::Milliseconds(100);
    absl::Duration max_delay = absl::Seconds(5);
    absl::Duration healthy_after = absl::Seconds(10);  // A child that lived so long begins with first_delay again.
    int max_per_minute = 10;
    int max_per_hour = 20;
  };
  RestartPolicy() : RestartPolicy(Options()) {}
  explicit RestartPolicy(Options options) : options_(options) {}

  // The child died at `now` after living for `lifetime`: how long to wait before its restart, nullopt to give up.
  std::optional<absl::Duration> OnDeath(absl::Time now, absl::Duration lifetime);

  int restarts() const { return restarts_; }

 private:
  int DeathsSince(absl::Time begin) const;

  const Options options_;
  std::deque<absl::Time> deaths_;  // Of the last hour.
  int quick_deaths_ = 0;           // In a row.
  int restarts_ = 0;
};

}  // namespace cohort::cli
