#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
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
#include "services/rollout/worker/generate_job.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/lease_keeper.h"
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
  // `weights` and `metrics` must outlive the loop, and so must `finisher`, which is nullptr where no tasks are given. `on_first_weights` is called once,
  // on the loop's thread. `group_size` is what is expected (0: not known), to
  // know how many tasks fit; `most_unfinished` bounds the groups that are generated but not handed in.
  EngineLoop(std::unique_ptr<Engine> engine, WeightSource& weights, GroupFinisher* finisher, WorkerMetrics& metrics, int group_size,
             int most_unfinished, std::function<void()> on_first_weights);
  // Stops at once, tasks in progress are released.
  ~EngineLoop();

  // How many more tasks the loop takes now; blocks while it is none, at most until `deadline`.
  int WaitForRoom(absl::Time deadline);

  // Takes over a leased task.
  void AddTask(std::shared_ptr<HeldLease> held);

  // RESOURCE_EXHAUSTED when too many jobs wait.
  absl::Status AddGenerate(std::shared_ptr<GenerateJob> job);

  // Blocks until the policy in use has `version` or a higher one; DEADLINE_EXCEEDED otherwise, CANCELLED when the loop ends.
  absl::Status WaitForVersion(int64_t version, absl::Time deadline);

  // Takes no more tasks, releases those that wait, and goes on with those in progress until `deadline`; then releases them as well. Generate jobs are
  // ended. Returns when the thread has ended.
  void Drain(absl::Time deadline);

  EngineLoopState state() const;

 private:
  struct RunningTask {
    std::shared_ptr<HeldLease> held;
  };
  struct RunningPrompt {
    std::shared_ptr<GenerateJob> job;
    int prompt = 0;
  };

  void Loop();
  void TakeIncoming();
  void TakeWeights();
  void AddWaiting();
  // Whether another one may fit.
  bool AddNextTask();
  bool AddNextPrompt();
  void DropLostAndCancelled();
  void PassOn();
  void PassOnTask(int64_t id, FinishedGroup group);
  void PassOnPrompt(const RunningPrompt& running, GenerateEvent event);
  void WaitForWork();
  void PublishState();
  void EndEverything();

  const std::unique_ptr<Engine> engine_;
  WeightSource& weights_;
  GroupFinisher* const finisher_;
  WorkerMetrics& metrics_;
  const int most_unfinished_;
  const std::function<void()> on_first_weights_;

  // The loop's own.
  int64_t next_id_ = 1;
  std::shared_ptr<const policy::PolicySnapshot> snapshot_;     // In the engine.
  std::shared_ptr<const policy::PolicySnapshot> seen_;         // The newest that was looked at, taken or not.
  std::deque<std::shared_ptr<HeldLease>> waiting_tasks_;       // In the order of leasing.
  std::deque<std::shared_ptr<GenerateJob>> waiting_jobs_;
  std::map<int64_t, RunningTask> tasks_;                       // By id in the engine.
  std::map<int64_t, RunningPrompt> prompts_;
  bool full_ = false;                                          // The engine refused the first task that waits.

  mutable absl::Mutex mutex_;
  std::vector<std::shared_ptr<HeldLease>> new_tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<GenerateJob>> new_jobs_ ABSL_GUARDED_BY(mutex_);
  int jobs_ ABSL_GUARDED_BY(mutex_) = 0;                       // New or waiting.
  int room_ ABSL_GUARDED_BY(mutex_) = 0;                       // Tasks that fit, as of the last step, less those that came since.
  int group_size_ ABSL_GUARDED_BY(mutex_);                     // Of the newest task, to know how many fit; 0: not known yet.
  absl::Time drain_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  EngineLoopState state_ ABSL_GUARDED_BY(mutex_);
  sync::Thread thread_;
};

}  // namespace cohort::rollout
