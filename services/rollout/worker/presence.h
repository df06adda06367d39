#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/registry/registration.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/server.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/rollout/worker/drain_control.h"
#include "services/rollout/worker/engine_loop.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/lease_keeper.h"
#include "services/rollout/worker/weight_source.h"
#include "services/rollout/worker/worker_metrics.h"
#include "services/rollout/worker/worker_options.h"

namespace cohort::rollout {

// How the worker looks from outside: its readiness, and its record in the registry. It is ready while it leases and holds the current policy within
// the staleness bound; for `catch_up` it may be behind, since every new version takes a moment to arrive. An unreachable learner changes nothing.
// A thread of its own looks five times a second. Thread-compatible.
class Presence {
 public:
  // What is looked at and told; everything outlives the presence. The pointers are nullptr in a worker without a queue.
  struct Parts {
    const WorkerOptions& options;
    const EngineLoop& loop;
    const WeightSource& weights;
    WorkerMetrics& metrics;
    rpc::Server& server;
    const GroupFinisher* finisher = nullptr;
    const LeaseKeeper* leases = nullptr;
    const DrainControl* drain = nullptr;
  };
  Presence(Parts parts, const rpc::Endpoints& endpoints, absl::Duration catch_up = absl::Seconds(5));
  // Takes the worker out of the registry.
  ~Presence();

 private:
  void Loop();
  registry::v1::ServiceState Look(absl::Time now);
  void Refresh(registry::v1::ServiceRecord& record);

  const Parts parts_;
  const absl::Duration catch_up_;
  absl::Time fresh_at_ = absl::InfinitePast();                 // When the policy was last within the bound.
  registry::v1::ServiceState state_ = registry::v1::SERVICE_STATE_STARTING;
  absl::Time refreshed_at_;                                    // Of the registration's thread alone.
  int64_t refreshed_tokens_ = 0;
  std::unique_ptr<registry::Registration> registration_;       // nullptr without a queue.
  sync::StopSource stop_;
  sync::Thread thread_;
};

}  // namespace cohort::rollout
