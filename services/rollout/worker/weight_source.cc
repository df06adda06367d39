#include "services/rollout/worker/weight_source.h"

#include <utility>

#include "common/sync/stop.h"

namespace cohort::rollout {
namespace {

class SubscribedWeights : public WeightSource {
 public:
  explicit SubscribedWeights(std::unique_ptr<policy::PolicySubscriber> subscriber) : subscriber_(std::move(subscriber)) {}

  std::shared_ptr<const policy::PolicySnapshot> Latest() const override { return subscriber_->Latest(); }
  std::optional<policy::PolicyAnnouncement> Announced() const override { return subscriber_->Announced(); }

  void WaitForOther(const std::shared_ptr<const policy::PolicySnapshot>& seen, absl::Time deadline) const override {
    // A deadline that passes and a stop are answers like any other: the caller looks again.
    subscriber_->WaitFor([&](const policy::PolicySnapshot& now) { return &now != seen.get(); }, deadline).status().IgnoreError();
  }

  void Stop() override { subscriber_->Stop(); }

 private:
  std::unique_ptr<policy::PolicySubscriber> subscriber_;
};

class FixedWeights : public WeightSource {
 public:
  explicit FixedWeights(std::shared_ptr<const policy::PolicySnapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  std::shared_ptr<const policy::PolicySnapshot> Latest() const override { return snapshot_; }
  std::optional<policy::PolicyAnnouncement> Announced() const override { return std::nullopt; }

  void WaitForOther(const std::shared_ptr<const policy::PolicySnapshot>& seen, absl::Time deadline) const override {
    if (seen == snapshot_) stopped_.token().WaitUntil(deadline);
  }

  void Stop() override { stopped_.RequestStop(); }

 private:
  const std::shared_ptr<const policy::PolicySnapshot> snapshot_;
  sync::StopSource stopped_;
};

}  // namespace

std::unique_ptr<WeightSource> MakeSubscribedWeights(std::unique_ptr<policy::PolicySubscriber> subscriber) {
  return std::make_unique<SubscribedWeights>(std::move(subscriber));
}

std::unique_ptr<WeightSource> MakeFixedWeights(std::shared_ptr<const policy::PolicySnapshot> snapshot) {
  return std::make_unique<FixedWeights>(std::move(snapshot));
}

}  // namespace cohort::rollout
