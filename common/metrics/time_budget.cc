#include "common/metrics/time_budget.h"

#include <utility>

namespace cohort::metrics {

TimeBudget::TimeBudget(std::string first, Registry* registry, std::string name, sync::Clock clock)
    : registry_(registry),
      name_(std::move(name)),
      clock_(std::move(clock)),
      current_(std::move(first)),
      counter_(CounterOf(current_)),
      since_(clock_()) {
  if (registry_ == nullptr) return;
  hook_ = registry_->OnCollect([this] {
    absl::MutexLock lock(&mutex_);
    Charge();
  });
}

void TimeBudget::Switch(const std::string& activity) {
  Counter* const counter = CounterOf(activity);
  absl::MutexLock lock(&mutex_);
  Charge();
  current_ = activity;
  counter_ = counter;
}

std::map<std::string, double> TimeBudget::Seconds() const {
  absl::MutexLock lock(&mutex_);
  Charge();
  return seconds_;
}

void TimeBudget::Charge() const {
  const absl::Time now = clock_();
  const double passed = absl::ToDoubleSeconds(now - since_);
  since_ = now;
  seconds_[current_] += passed;
  if (counter_ != nullptr) counter_->Add(passed);
}

Counter* TimeBudget::CounterOf(const std::string& activity) {
  if (registry_ == nullptr) return nullptr;
  return registry_->GetCounter(name_, "Seconds spent by activity; all activities of a loop sum to its wall time.", {{"activity", activity}});
}

}  // namespace cohort::metrics
