#include "services/rollout/worker/presence.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/registry/record.h"

namespace cohort::rollout {
namespace {

using registry::v1::ServiceRecord;
using registry::v1::ServiceState;

constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

bool WithinBound(const HeldPolicy& held, const std::optional<policy::PolicyAnnouncement>& announced) {
  if (held.version < 0) return false;
  if (!announced.has_value()) return true;
  return held.incarnation == announced->incarnation && held.version >= announced->version - announced->max_staleness;
}

}  // namespace

Presence::Presence(Parts parts, const rpc::Endpoints& endpoints, absl::Duration catch_up) : parts_(parts), catch_up_(catch_up) {
  if (parts_.drain != nullptr) {
    registry::Registration::Options options;
    options.redis = parts_.options.redis;
    options.run = parts_.options.run;
    options.record = registry::RecordOf(parts_.options.name, registry::v1::SERVICE_ROLE_ROLLOUT, endpoints, parts_.options.advertise_host);
    options.record.set_state(registry::v1::SERVICE_STATE_STARTING);
    options.refresh = [this](ServiceRecord& record) { Refresh(record); };
    refreshed_at_ = absl::Now();
    registration_ = std::make_unique<registry::Registration>(std::move(options));
  }
  thread_ = sync::Thread("presence", [this] { Loop(); });
}

Presence::~Presence() {
  stop_.RequestStop();
  thread_.Join();
}

ServiceState Presence::Look(absl::Time now) {
  if (WithinBound(parts_.loop.state().policy, parts_.weights.Announced())) fresh_at_ = now;
  if (parts_.drain != nullptr && parts_.drain->draining()) {
    return parts_.leases->held() > 0 ? registry::v1::SERVICE_STATE_DRAINING : registry::v1::SERVICE_STATE_DRAINED;
  }
  if (now - fresh_at_ <= catch_up_) return registry::v1::SERVICE_STATE_READY;
  return state_ == registry::v1::SERVICE_STATE_STARTING ? state_ : registry::v1::SERVICE_STATE_NOT_READY;
}

void Presence::Loop() {
  do {
    const ServiceState state = Look(absl::Now());
    if (state == state_) continue;
    state_ = state;
    parts_.server.SetReady(state == registry::v1::SERVICE_STATE_READY);
    if (registration_ == nullptr) continue;
    const std::string reason = parts_.drain->reason();
    registration_->Update([&](ServiceRecord& record) {
      record.set_state(state);
      record.set_message(state == registry::v1::SERVICE_STATE_NOT_READY ? "behind the policy" : reason);
    });
  } while (!stop_.token().WaitFor(kLookInterval));
}

void Presence::Refresh(ServiceRecord& record) {
  const EngineLoopState state = parts_.loop.state();
  const auto announced = parts_.weights.Announced();
  registry::v1::WorkerLoad& load = *record.mutable_load();
  load.set_policy_version(state.policy.version);
  load.set_policy_incarnation(state.policy.incarnation);
  load.set_announced_version(announced.has_value() ? announced->version : -1);
  load.set_active_groups(state.load.groups);
  load.set_active_sequences(state.load.sequences);
  load.set_leases(parts_.leases->held());
  load.set_tokens(state.load.tokens);
  load.set_groups_submitted(parts_.finisher->submitted());
  const absl::Time now = absl::Now();
  const double seconds = absl::ToDoubleSeconds(now - refreshed_at_);
  if (seconds > 0) load.set_tokens_per_second(static_cast<double>(state.load.tokens - refreshed_tokens_) / seconds);
  refreshed_at_ = now;
  refreshed_tokens_ = state.load.tokens;
  load.clear_time_budget_seconds();
  for (const auto& [activity, spent] : parts_.metrics.budget().Seconds()) (*load.mutable_time_budget_seconds())[activity] = spent;
}

}  // namespace cohort::rollout
