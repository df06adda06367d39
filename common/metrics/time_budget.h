#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/sync/clock.h"

namespace cohort::metrics {

// Where the wall time of one loop went: the loop says which activity it begins, and the seconds of all activities sum to the wall time since
// construction. Answers "who waits for whom". Thread-safe; one loop switches, anybody reads. Must not outlive its registry.
class TimeBudget {
 public:
  // The loop begins in `first`. With a registry, exports counter `name`{activity=…} in seconds, exact at every exposition. `clock` must not go back.
  explicit TimeBudget(std::string first, Registry* registry = nullptr, std::string name = "", sync::Clock clock = sync::MonotonicClock());

  // Ends the current activity and begins `activity`.
  void Switch(const std::string& activity);

  // Seconds by activity until now.
  std::map<std::string, double> Seconds() const;

 private:
  // Gives the time since the last charge to the current activity.
  void Charge() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Counter* CounterOf(const std::string& activity);

  Registry* const registry_;  // Not owned; may be null.
  const std::string name_;
  const sync::Clock clock_;
  mutable absl::Mutex mutex_;
  std::string current_ ABSL_GUARDED_BY(mutex_);
  Counter* counter_ ABSL_GUARDED_BY(mutex_);  // Of the current activity; null without a registry.
  mutable absl::Time since_ ABSL_GUARDED_BY(mutex_);  // Until when everything is charged.
  mutable std::map<std::string, double> seconds_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<CollectHook> hook_;  // Last: its removal waits for a running Charge().
};

// Switches to `during` for the life of this object and back to `after` at its end.
class ScopedActivity {
 public:
  ScopedActivity(TimeBudget& budget, const std::string& during, std::string after) : budget_(budget), after_(std::move(after)) {
    budget_.Switch(during);
  }
  ~ScopedActivity() { budget_.Switch(after_); }
  ScopedActivity(const ScopedActivity&) = delete;
  ScopedActivity& operator=(const ScopedActivity&) = delete;

 private:
  TimeBudget& budget_;
  const std::string after_;
};

}  // namespace cohort::metrics
