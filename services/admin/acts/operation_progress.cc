#include "services/admin/acts/operation_progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/registry/registration.h"

namespace cohort::admin {
namespace {

using registry::v1::ServiceRecord;

// So long a worker's record may still tell of the time before it was drained.
constexpr int64_t kRecordDelayMs = 10'000;

void End(v1::Operation& operation, v1::OperationState state, const std::string& message, const OperationFacts& facts) {
  operation.set_state(state);
  operation.set_message(message);
  operation.set_ended_at_ms(facts.now_ms);
  if (state == v1::OPERATION_STATE_SUCCEEDED) operation.set_progress(1);
}

void Succeed(v1::Operation& operation, const std::string& message, const OperationFacts& facts) {
  End(operation, v1::OPERATION_STATE_SUCCEEDED, message, facts);
}

// `target` is 1 when the worker is to end, else 0.
void AdvanceDrain(v1::Operation& operation, const OperationFacts& facts) {
  const auto found = std::find_if(facts.services.begin(), facts.services.end(), [&](const auto& one) { return one.name() == operation.subject(); });
  if (found == facts.services.end()) return Succeed(operation, "the worker has left", facts);
  const ServiceRecord& worker = *found;
  if (worker.state() == registry::v1::SERVICE_STATE_DRAINED && operation.target() == 0) return Succeed(operation, "the worker holds nothing", facts);
  const bool draining = worker.state() == registry::v1::SERVICE_STATE_DRAINING || worker.state() == registry::v1::SERVICE_STATE_DRAINED;
  if (!draining && facts.now_ms > operation.created_at_ms() + kRecordDelayMs) {
    return End(operation, v1::OPERATION_STATE_FAILED, "the worker leases again: it was undrained, or has started anew", facts);
  }
  operation.set_message(absl::StrCat("the worker holds ", worker.load().leases(), " tasks"));
}

void AdvanceScale(v1::Operation& operation, const OperationFacts& facts) {
  if (!facts.desired_workers.has_value()) return;
  if (*facts.desired_workers != operation.target()) {
    return End(operation, v1::OPERATION_STATE_CANCELLED, absl::StrCat("superseded: ", *facts.desired_workers, " workers are wanted now"), facts);
  }
  int64_t all = 0, ready = 0;
  for (const ServiceRecord& service : facts.services) {
    if (service.role() != registry::v1::SERVICE_ROLE_ROLLOUT) continue;
    ++all;
    // The record of a worker that was killed still says for some seconds that it is ready.
    const bool silent = absl::Milliseconds(service.heartbeat_age_ms()) > registry::kSilence;
    if (service.state() == registry::v1::SERVICE_STATE_READY && !silent) ++ready;
  }
  const std::string seen = absl::StrCat(ready, " of ", all, " workers are ready, ", operation.target(), " are wanted");
  if (all == operation.target() && ready == all) return Succeed(operation, seen, facts);
  operation.set_message(seen);
  const int64_t most = std::max<int64_t>({all, operation.target(), 1});
  operation.set_progress(1 - static_cast<double>(std::max(std::abs(all - operation.target()), std::abs(ready - operation.target()))) / static_cast<double>(most));
}

void AdvanceCheckpoint(v1::Operation& operation, const OperationFacts& facts) {
  if (!facts.control.has_value()) return;
  for (const learner::v1::Checkpoint& checkpoint : facts.checkpoints) {
    if (checkpoint.step() < operation.target()) continue;
    operation.set_subject(checkpoint.name());
    return Succeed(operation, absl::StrCat("written to ", checkpoint.path()), facts);
  }
  if (facts.control->incarnation() != operation.incarnation()) {
    return End(operation, v1::OPERATION_STATE_FAILED, "the learner has begun anew before it was written; ask again", facts);
  }
  if (facts.control->checkpoint_tried() >= operation.target() && !facts.control->checkpoint_error().empty()) {
    return End(operation, v1::OPERATION_STATE_FAILED, facts.control->checkpoint_error(), facts);
  }
  operation.set_message("waiting for the end of the update");
}

void AdvanceRollback(v1::Operation& operation, const OperationFacts& facts) {
  if (!facts.control.has_value()) return;
  const bool begun = facts.control->incarnation() > operation.incarnation();
  if (begun && facts.control->rollback_to() < 0) return Succeed(operation, absl::StrCat("trains again from step ", operation.target()), facts);
  operation.set_message(begun ? "another rollback is under way" : "waiting for the end of the update");
}

void AdvanceStaleness(v1::Operation& operation, const OperationFacts& facts) {
  if (!facts.control.has_value()) return;
  if (facts.control->max_staleness() == operation.target()) return Succeed(operation, "the bound is in force", facts);
  operation.set_message("waiting for the end of the update");
}

}  // namespace

void Advance(v1::Operation& operation, const OperationFacts& facts) {
  if (operation.state() != v1::OPERATION_STATE_RUNNING) return;
  switch (operation.kind()) {
    case v1::OPERATION_KIND_DRAIN_WORKER: AdvanceDrain(operation, facts); break;
    case v1::OPERATION_KIND_SCALE_WORKERS: AdvanceScale(operation, facts); break;
    case v1::OPERATION_KIND_CREATE_CHECKPOINT: AdvanceCheckpoint(operation, facts); break;
    case v1::OPERATION_KIND_ROLLBACK_POLICY: AdvanceRollback(operation, facts); break;
    case v1::OPERATION_KIND_SET_STALENESS_BOUND: AdvanceStaleness(operation, facts); break;
    default: break;
  }
  const bool late = operation.deadline_ms() > 0 && facts.now_ms > operation.deadline_ms();
  if (operation.state() == v1::OPERATION_STATE_RUNNING && late) {
    End(operation, v1::OPERATION_STATE_FAILED, absl::StrCat("not done in time: ", operation.message()), facts);
  }
}

}  // namespace cohort::admin
