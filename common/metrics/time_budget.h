#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"

namespace cohort::metrics {

// Where the wall time of one loop went: the loop says which activity it begins, and the seconds of all activities sum to the wall time since
// construction. Answers "who waits for whom". Thread-safe; one loop switches, anybody reads.
class TimeBudget {
 public:
  // The loop begins in `first`. With a registry, exports counter `name`{activity=…} in seconds.
  TimeBudget(std::string first, Registry* registry = nullptr, std::string name = "");

  // Ends the current activity and begins `activity`.
  void Switch(const std::string& activity);

  // Seconds by activity until now.
  std::map<std::string, double> Seconds() const;

 private:
  void Charge(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Registry* const registry_;
  const std::string name_;
  mutable absl::Mutex mutex_;
  std::string current_ ABSL_GUARDED_BY(mutex_);
  absl::Time since_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, double> seconds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cohort::metrics
