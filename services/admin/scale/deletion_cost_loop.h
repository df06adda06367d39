#pragma once

#include <memory>

#include "absl/time/time.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/admin/cluster/cluster.h"
#include "services/admin/scale/pod_deletion_costs.h"

namespace cohort::admin {

// Brings the deletion costs of the workers' pods up to date every `period`, on a thread of its own that the destructor ends. What goes wrong is logged once, until it
// goes well again, and tried again; nothing else depends on it. `cluster` outlives it.
class DeletionCostLoop {
 public:
  DeletionCostLoop(Cluster& cluster, std::unique_ptr<PodAnnotator> pods, absl::Duration period = absl::Seconds(5));
  ~DeletionCostLoop();

 private:
  void Loop();
  absl::Status Update();

  Cluster& cluster_;
  const absl::Duration period_;
  PodDeletionCosts costs_;  // Of the thread alone.
  sync::StopSource stop_;
  sync::Thread thread_;  // Last: it uses everything above.
};

}  // namespace cohort::admin
