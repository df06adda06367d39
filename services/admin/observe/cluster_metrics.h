#pragma once

#include <map>
#include <memory>

#include "common/metrics/metrics.h"
#include "services/admin/cluster/cluster.h"
#include "services/admin/cluster/queue_rates.h"

namespace cohort::admin {

// What no single service knows: the queue and who lives, looked up at every exposition of the admin service's metrics (for at most a second). When Redis
// does not answer, cohort_admin_redis_up is 0 and the others keep what was seen last. Everything outlives it.
class ClusterMetrics {
 public:
  ClusterMetrics(metrics::Registry& registry, Cluster& cluster, QueueRates& queue);

 private:
  void Refresh();

  Cluster& cluster_;
  QueueRates& queue_;
  metrics::Gauge* redis_up_;
  metrics::Gauge* waiting_;
  metrics::Gauge* leased_;
  metrics::Gauge* dead_;
  metrics::Gauge* oldest_;
  std::map<registry::v1::ServiceState, metrics::Gauge*> workers_;
  std::map<registry::v1::ServiceRole, metrics::Gauge*> services_;
  std::unique_ptr<metrics::CollectHook> hook_;  // Last: it uses everything above.
};

}  // namespace cohort::admin
