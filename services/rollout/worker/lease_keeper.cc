#include "services/rollout/worker/lease_keeper.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/log/log.h"

namespace cohort::rollout {

LeaseKeeper::LeaseKeeper(queue::PromptQueue& queue, absl::Duration lease)
    : queue_(queue), interval_(lease / 3), thread_("lease-keeper", [this] { Loop(); }) {}

LeaseKeeper::~LeaseKeeper() {
  stop_.RequestStop();
  thread_.Join();
}

std::shared_ptr<HeldLease> LeaseKeeper::Hold(queue::Lease lease) {
  auto held = std::make_shared<HeldLease>(std::move(lease), absl::Now());
  absl::MutexLock lock(&mutex_);
  leases_.push_back(held);
  return held;
}

void LeaseKeeper::LetGo(const std::shared_ptr<HeldLease>& held) {
  absl::MutexLock lock(&mutex_);
  leases_.erase(std::remove(leases_.begin(), leases_.end(), held), leases_.end());
}

int LeaseKeeper::held() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(leases_.size());
}

void LeaseKeeper::Loop() {
  while (!stop_.token().WaitFor(interval_)) {
    std::vector<std::shared_ptr<HeldLease>> leases;
    {
      absl::MutexLock lock(&mutex_);
      leases = leases_;
    }
    for (const auto& held : leases) {
      if (stop_.stop_requested()) return;
      Renew(*held);
      // One wait until the deadline is enough: the others would find the server away as well.
      if (unreachable_) break;
    }
  }
}

void LeaseKeeper::Renew(HeldLease& held) {
  if (held.lost) return;
  const absl::Status status = queue_.Renew(held.lease, absl::Now() + interval_);
  if (absl::IsNotFound(status)) {
    held.lost = true;
    COHORT_LOG(WARNING) << "lost the lease of " << held.lease.task.group_id() << rpc::TraceTag(held.trace);
  } else if (!status.ok() && !unreachable_) {
    COHORT_LOG(WARNING) << "cannot renew leases, keeps trying: " << status.message();
  }
  unreachable_ = !status.ok() && !absl::IsNotFound(status);
}

}  // namespace cohort::rollout
