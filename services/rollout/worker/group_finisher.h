#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/queue/prompt_queue.h"
#include "common/sync/bounded_queue.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "common/text/tokenizer.h"
#include "proto/cohort/learner/v1/trajectory_service.grpc.pb.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"
#include "services/rollout/engine/engine.h"
#include "services/rollout/worker/lease_keeper.h"
#include "services/rollout/worker/worker_metrics.h"

namespace cohort::rollout {

// What a completion must look like, and who grades and takes it.
struct FinisherOptions {
  std::string worker_id;
  std::string learner_address;
  std::string reward_address;
  reward::v1::Template format = reward::v1::TEMPLATE_R1_ZERO;
  bool think_prefilled = false;
  std::string policy = "exact";            // What counts as equal, as in reward.policy.
  reward::v1::AuxiliaryRequest auxiliary;  // What the reward service measures beside the verdict.
  int threads = 4;            // Groups that are graded and handed in at the same time.
};

// Brings leased groups to their end while the engine goes on: decodes and grades finished ones, hands them to the learner and acknowledges them as
// SubmitGroup's contract says; gives back or buries the others.
//
// An unreachable reward service, learner or queue is tried again, with back-off and a warning that names its address, until the lease is lost or
// Abandon() is called. Thread-safe.
class GroupFinisher {
 public:
  // Everything that is passed must outlive the finisher.
  GroupFinisher(FinisherOptions options, const text::Tokenizer& tokenizer, queue::PromptQueue& queue, LeaseKeeper& leases, WorkerMetrics& metrics);
  ~GroupFinisher();

  // Each takes over a lease and returns at once; how many may be under way is bounded by who leases.
  void Submit(std::shared_ptr<HeldLease> held, FinishedGroup group);
  void Acknowledge(std::shared_ptr<HeldLease> held);                    // Somebody else has done it.
  void Bury(std::shared_ptr<HeldLease> held, std::string reason);
  void Release(std::shared_ptr<HeldLease> held);
  // Leaves the lease to run out.
  void Forget(const std::shared_ptr<HeldLease>& held, Outcome outcome);

  // Leases that were taken over and are not settled.
  int in_progress() const;
  int64_t submitted() const { return submitted_.load(); }

  // Waits until nothing is in progress; false when something is at `deadline`.
  bool WaitUntilDone(absl::Time deadline) const;
  // From now on a group that cannot be handed in at the first try is released.
  void Abandon() { abandoned_.RequestStop(); }

 private:
  struct Work {
    std::shared_ptr<HeldLease> held;
    std::function<void()> run;
  };

  void ChangeInProgress(int by);
  void Enqueue(std::shared_ptr<HeldLease> held, std::function<void()> run);
  void Loop();
  bool Cancelled(const HeldLease& held) const { return held.lost || abandoned_.stop_requested(); }

  void FinishGroup(const std::shared_ptr<HeldLease>& held, const FinishedGroup& group);
  absl::Status Score(const HeldLease& held, learner::v1::Group& group);
  absl::Status HandIn(const HeldLease& held, learner::v1::Group&& group);
  // Calls until it succeeds, fails for good, or the lease is lost.
  absl::Status CallPatiently(const HeldLease& held, const std::string& peer, const std::function<grpc::Status(grpc::ClientContext&)>& call);
  // The same for the queue.
  void SettleWithQueue(const HeldLease& held, const std::function<absl::Status(absl::Time deadline)>& call);
  void SettleFailure(const std::shared_ptr<HeldLease>& held, const absl::Status& status);
  void Settle(const std::shared_ptr<HeldLease>& held, Outcome outcome, const std::function<absl::Status(absl::Time deadline)>& call);

  const FinisherOptions options_;
  const text::Tokenizer& tokenizer_;
  queue::PromptQueue& queue_;
  LeaseKeeper& leases_;
  WorkerMetrics& metrics_;
  std::unique_ptr<learner::v1::TrajectoryService::Stub> learner_;
  std::unique_ptr<reward::v1::RewardService::Stub> reward_;
  std::atomic<int64_t> submitted_{0};
  sync::StopSource abandoned_;
  mutable absl::Mutex mutex_;
  int in_progress_ ABSL_GUARDED_BY(mutex_) = 0;
  sync::BoundedQueue<Work> work_;
  std::vector<sync::Thread> threads_;
};

}  // namespace cohort::rollout
