#include "services/rollout/worker/weight_source.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/log/log.h"
#include "common/policy/collective_member.h"
#include "common/rpc/client.h"
#include "common/sync/stop.h"

namespace cohort::rollout {
namespace {

class SubscribedWeights : public WeightSource {
 public:
  explicit SubscribedWeights(const SubscribedWeightsOptions& options) {
    const auto warn = [learner = options.learner](const std::string& message) {
      COHORT_LOG(WARNING) << "policy from learner " << learner << ", keeps trying: " << message;
    };
    policy::PolicySubscriber::Options subscription;
    subscription.worker_id = options.worker_id;
    subscription.arena_elements = options.arena_elements;
    subscription.on_error = warn;
    subscription.on_fetched = options.on_arrival;
    subscriber_ = std::make_unique<policy::PolicySubscriber>(rpc::Connect(options.learner, nullptr, options.metrics), std::move(subscription));
    if (options.sink == nullptr) return;
    policy::CollectiveMember::Options membership;
    membership.worker_id = options.worker_id;
    membership.library = options.collectives;
    membership.sink = options.sink;
    membership.on_arrival = [this, tell = options.on_arrival](const policy::PolicyAnnouncement& announcement, int64_t ticket, absl::Duration took) {
      if (tell) tell(announcement.size_bytes, took);
      subscriber_->Arrived(announcement, ticket);
    };
    membership.on_error = warn;
    member_ = std::make_unique<policy::CollectiveMember>(rpc::Connect(options.learner, nullptr, options.metrics), std::move(membership));
  }

  std::shared_ptr<const policy::PolicySnapshot> Latest() const override { return subscriber_->Latest(); }
  std::optional<policy::PolicyAnnouncement> Announced() const override { return subscriber_->Announced(); }

  void WaitForOther(const std::shared_ptr<const policy::PolicySnapshot>& seen, absl::Time deadline) const override {
    // A deadline that passes and a stop are answers like any other: the caller looks again.
    subscriber_->WaitFor([&](const policy::PolicySnapshot& now) { return &now != seen.get(); }, deadline).status().IgnoreError();
  }

  void Stop() override ABSL_LOCKS_EXCLUDED(mutex_) {
    subscriber_->Stop();
    absl::MutexLock lock(&mutex_);
    member_.reset();
  }

 private:
  std::unique_ptr<policy::PolicySubscriber> subscriber_;
  absl::Mutex mutex_;
  std::unique_ptr<policy::CollectiveMember> member_ ABSL_GUARDED_BY(mutex_);  // Tells the subscriber.
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

std::unique_ptr<WeightSource> MakeSubscribedWeights(const SubscribedWeightsOptions& options) { return std::make_unique<SubscribedWeights>(options); }

std::unique_ptr<WeightSource> MakeFixedWeights(std::shared_ptr<const policy::PolicySnapshot> snapshot) {
  return std::make_unique<FixedWeights>(std::move(snapshot));
}

}  // namespace cohort::rollout
