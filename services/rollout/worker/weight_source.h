#pragma once

#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "common/policy/policy_snapshot.h"
#include "common/policy/policy_subscriber.h"

namespace cohort::rollout {

// Where the worker's weights come from. Thread-safe.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // The newest whole version, nullptr when there is none yet.
  virtual std::shared_ptr<const policy::PolicySnapshot> Latest() const = 0;

  // The newest version that was announced, whether or not it is here; nullopt when none was, or where nothing is announced.
  virtual std::optional<policy::PolicyAnnouncement> Announced() const = 0;

  // Returns when Latest() is no longer `seen`, at `deadline`, or after the source was stopped.
  virtual void WaitForOther(const std::shared_ptr<const policy::PolicySnapshot>& seen, absl::Time deadline) const = 0;

  // Ends all waits.
  virtual void Stop() = 0;
};

// The learner's announcements.
std::unique_ptr<WeightSource> MakeSubscribedWeights(std::unique_ptr<policy::PolicySubscriber> subscriber);

// One checkpoint, for serving without a learner.
std::unique_ptr<WeightSource> MakeFixedWeights(std::shared_ptr<const policy::PolicySnapshot> snapshot);

}  // namespace cohort::rollout
