#include "services/admin/observe/cluster_metrics.h"

#include "absl/time/clock.h"

namespace cohort::admin {
namespace {

using namespace registry::v1;  // NOLINT: names of enumerators.

constexpr absl::Duration kPatience = absl::Seconds(1);

}  // namespace

ClusterMetrics::ClusterMetrics(metrics::Registry& registry, Cluster& cluster, QueueRates& queue)
    : cluster_(cluster),
      queue_(queue),
      redis_up_(registry.GetGauge("cohort_admin_redis_up", "Whether Redis answered when these metrics were read.")),
      oldest_(registry.GetGauge("cohort_queue_oldest_age_seconds", "Age of the oldest task that is not acknowledged.")) {
  const auto tasks = [&registry](const char* state) {
    return registry.GetGauge("cohort_queue_tasks", "Tasks in the queue: that no worker holds, that workers hold, dead letters.", {{"state", state}});
  };
  waiting_ = tasks("waiting");
  leased_ = tasks("leased");
  dead_ = tasks("dead");
  const std::map<ServiceState, const char*> states = {{SERVICE_STATE_STARTING, "starting"}, {SERVICE_STATE_READY, "ready"},
                                                      {SERVICE_STATE_NOT_READY, "not_ready"}, {SERVICE_STATE_DRAINING, "draining"},
                                                      {SERVICE_STATE_DRAINED, "drained"}};
  for (const auto& [state, name] : states) {
    workers_[state] = registry.GetGauge("cohort_admin_workers", "Rollout workers in the registry by state.", {{"state", name}});
  }
  const std::map<ServiceRole, const char*> roles = {{SERVICE_ROLE_LEARNER, "learner"}, {SERVICE_ROLE_ROLLOUT, "rollout"}, {SERVICE_ROLE_REWARD, "reward"},
                                                    {SERVICE_ROLE_ADMIN, "admin"}};
  for (const auto& [role, name] : roles) {
    services_[role] = registry.GetGauge("cohort_admin_services", "Live services in the registry by role.", {{"role", name}});
  }
  hook_ = registry.OnCollect([this] { Refresh(); });
}

void ClusterMetrics::Refresh() {
  const absl::Time deadline = absl::Now() + kPatience;
  const absl::StatusOr<std::vector<ServiceRecord>> services = cluster_.Services(deadline);
  redis_up_->Set(services.ok() ? 1 : 0);
  if (!services.ok()) return;
  std::map<ServiceState, int> states;
  std::map<ServiceRole, int> roles;
  for (const ServiceRecord& service : *services) {
    ++roles[service.role()];
    if (service.role() == SERVICE_ROLE_ROLLOUT) ++states[service.state()];
  }
  for (const auto& [state, gauge] : workers_) gauge->Set(states[state]);
  for (const auto& [role, gauge] : services_) gauge->Set(roles[role]);
  const absl::StatusOr<v1::QueueState> queue = queue_.Now(deadline);
  if (!queue.ok()) return;
  waiting_->Set(static_cast<double>(queue->backlog()));
  leased_->Set(static_cast<double>(queue->leased()));
  dead_->Set(static_cast<double>(queue->dead_letters()));
  oldest_->Set(queue->oldest_age_seconds());
}

}  // namespace cohort::admin
