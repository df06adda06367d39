#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/policy/policy_snapshot.h"
#include "common/sync/thread.h"
#include "services/rollout/engine/engine.h"
#include "services/rollout/worker/admission.h"
#include "services/rollout/worker/engine_prompts.h"
#include "services/rollout/worker/engine_tasks.h"
#include "services/rollout/worker/generate_job.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/lease_keeper.h"
#include "services/rollout/worker/placement.h"
#include "services/rollout/worker/weight_source.h"
#include "services/rollout/worker/worker_metrics.h"

namespace cohort::rollout {

// What the loop does, as others see it.
struct EngineLoopState {
  HeldPolicy policy;
  EngineLoad load;
};

// The thread that drives the engine: takes new weights between decode steps, puts leased tasks and Generate prompts into the batch as they fit, and passes
// finished groups on. Thread-safe.
class EngineLoop {
 public:
  struct Options {
    int group_size = 0;                              // Completions that a task is expected to want, to know how many fit; 0: not known.
    int most_unfinished = 256;                       // Groups that are generated but not handed in; with more nothing is leased.
    absl::Duration patience = absl::Seconds(3);      // Tasks that fill an idle worker and wait for weights so long are given back in part.
    std::function<void()> on_failure;                // The engine has failed, see failure(). Called from the loop's thread, which ends.
  };
  // `weights` and `metrics` must outlive the loop, and so must `finisher`, which is nullptr where no tasks are given.
  EngineLoop(std::unique_ptr<Engine> engine, WeightSource& weights, GroupFinisher* finisher, WorkerMetrics& metrics, Options options);
  // Stops at once, tasks in progress are released.
  ~EngineLoop();

  // How many more tasks the loop takes now; blocks while it is none, at most until `deadline`.
  int WaitForRoom(absl::Time deadline);

  // Takes over a leased task.
  void AddTask(std::shared_ptr<HeldLease> held);

  // Whether to take leased tasks. Without, there is no room for any, and those that have not begun are released.
  void SetLeasing(bool leasing);

  // RESOURCE_EXHAUSTED when too many jobs wait.
  absl::Status AddGenerate(std::shared_ptr<GenerateJob> job);

  // Blocks until the policy in use has `version` or a higher one; DEADLINE_EXCEEDED otherwise, CANCELLED when the loop ends.
  absl::Status WaitForVersion(int64_t version, absl::Time deadline);

  // Takes no more tasks, releases those that wait, and goes on with those in progress until `deadline`; then releases them as well. Generate jobs are
  // ended. Returns when the thread has ended.
  void Drain(absl::Time deadline);

  EngineLoopState state() const;

  // OK until the engine has failed. Nothing that was in it can be trusted: the loop has ended, tasks that waited were given back, and the leases of those in the
  // engine run out, see EngineTasks::LeaveRunning().
  absl::Status failure() const;

 private:
  void Loop();
  // Until the drain is over (OK), or the engine fails.
  absl::Status Drive();
  void TakeIncoming();
  absl::Status TakeWeights();
  absl::Status UseWeights(const policy::PolicySnapshot& snapshot);
  void AddWaiting();
  // Whether the next one may get a place; takes note of an id that is used.
  bool MayGoOn(Placement placement);
  void PassOn();
  void WaitForWork();
  // An idle worker whose tasks all wait for weights may keep others' work from being done: the very tasks that must come first may be a dead worker's,
  // and there is no room for them. Gives the later half of the tasks back.
  void MakeRoom();
  void PublishState();
  void EndEverything(const absl::Status& failure);

  const std::unique_ptr<Engine> engine_;
  WeightSource& weights_;
  GroupFinisher* const finisher_;
  WorkerMetrics& metrics_;
  const Options options_;

  // The loop's own.
  int64_t next_id_ = 1;
  std::shared_ptr<const policy::PolicySnapshot> snapshot_;     // In the engine.
  std::shared_ptr<const policy::PolicySnapshot> seen_;         // The newest that was looked at, taken or not.
  EngineTasks tasks_;
  EnginePrompts prompts_;
  absl::Time stuck_since_ = absl::InfiniteFuture();            // Idle, and no room for tasks.
  bool full_ = false;                                          // The engine refused the first task that waits.

  mutable absl::Mutex mutex_;
  std::vector<std::shared_ptr<HeldLease>> new_tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<GenerateJob>> new_jobs_ ABSL_GUARDED_BY(mutex_);
  int jobs_ ABSL_GUARDED_BY(mutex_) = 0;                       // New or waiting.
  int room_ ABSL_GUARDED_BY(mutex_) = 0;                       // Tasks that fit, as of the last step, less those that came since.
  int group_size_ ABSL_GUARDED_BY(mutex_);                     // Of the newest task, to know how many fit; 0: not known yet.
  absl::Time drain_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool leasing_ ABSL_GUARDED_BY(mutex_) = true;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  EngineLoopState state_ ABSL_GUARDED_BY(mutex_);
  sync::Thread thread_;
};

}  // namespace cohort::rollout
