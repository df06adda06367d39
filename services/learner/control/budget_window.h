#pragma once

#include <deque>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/metrics/time_budget.h"

namespace cohort::learner {

// What a time budget spent over the latest steps. The loop marks where steps begin, anybody reads. Thread-safe.
class BudgetWindow {
 public:
  // `budget` outlives the window, which reaches back over `steps` marks.
  explicit BudgetWindow(const metrics::TimeBudget& budget, size_t steps = 20) : budget_(budget), steps_(steps) {}

  // A step begins.
  void Mark() {
    std::map<std::string, double> now = budget_.Seconds();
    absl::MutexLock lock(&mutex_);
    marks_.push_back(std::move(now));
    if (marks_.size() > steps_) marks_.pop_front();
  }

  // Seconds by activity since the oldest mark; they sum to the wall time since then. Since the begin of the budget when there is no mark.
  std::map<std::string, double> Recent() const {
    std::map<std::string, double> recent = budget_.Seconds();
    absl::MutexLock lock(&mutex_);
    if (marks_.empty()) return recent;
    for (const auto& [activity, seconds] : marks_.front()) recent[activity] -= seconds;
    return recent;
  }

 private:
  const metrics::TimeBudget& budget_;
  const size_t steps_;
  mutable absl::Mutex mutex_;
  std::deque<std::map<std::string, double>> marks_ ABSL_GUARDED_BY(mutex_);  // Seconds by activity at each mark, oldest first.
};

}  // namespace cohort::learner
