#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/policy/collective.h"
#include "common/policy/policy_snapshot.h"
#include "common/policy/policy_subscriber.h"
#include "common/policy/weight_sink.h"

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

  // Ends all waits, and receiving into the engine's sink: when it returns, the engine may go. That may take a second.
  virtual void Stop() = 0;
};

// Where a worker gets its weights from a learner.
struct SubscribedWeightsOptions {
  std::string learner;                                          // host:port
  std::string worker_id;
  int64_t arena_elements = 0;
  policy::WeightSink* sink = nullptr;                           // Of the engine; takes part in broadcasts when there is one. Outlives the source.
  std::shared_ptr<policy::CollectiveLibrary> collectives;       // Needed with a sink.
  // A version has come, over gRPC, by a broadcast or by a copy, and is whole. Called from threads of the source.
  std::function<void(int64_t bytes, absl::Duration took)> on_arrival;
  metrics::Registry* metrics = nullptr;                         // Where calls of the learner are counted; outlives the source.
};
// The learner's announcements, and its broadcasts.
std::unique_ptr<WeightSource> MakeSubscribedWeights(const SubscribedWeightsOptions& options);

// One checkpoint, for serving without a learner.
std::unique_ptr<WeightSource> MakeFixedWeights(std::shared_ptr<const policy::PolicySnapshot> snapshot);

}  // namespace cohort::rollout
