#include "services/rollout/worker/task_intake.h"

#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/sync/backoff.h"

namespace cohort::rollout {
namespace {

// The longest wait for a task, and thereby for the end of the thread.
constexpr absl::Duration kPoll = absl::Milliseconds(400);

}  // namespace

TaskIntake::TaskIntake(queue::PromptQueue& queue, LeaseKeeper& leases, EngineLoop& loop)
    : queue_(queue), leases_(leases), loop_(loop), thread_("task-intake", [this] { Loop(); }) {}

void TaskIntake::Stop() {
  stop_.RequestStop();
  thread_.Join();
}

void TaskIntake::Loop() {
  sync::Backoff backoff;
  bool reachable = true;
  while (!stop_.stop_requested()) {
    const int room = loop_.WaitForRoom(absl::Now() + kPoll);
    if (room <= 0) {
      queue_.ReleaseUnheard(absl::Now() + kPoll).IgnoreError();  // Comes back here until it succeeds or tasks are taken again.
      stop_.token().WaitFor(absl::Milliseconds(1));
      continue;
    }
    auto taken = queue_.Take(room, absl::Now() + kPoll);
    if (!taken.ok()) {
      if (reachable) COHORT_LOG(WARNING) << "cannot lease tasks, keeps trying: " << taken.status().message();
      reachable = false;
      backoff.Wait(stop_.token(), absl::InfiniteFuture());
      continue;
    }
    if (!reachable) COHORT_LOG(INFO) << "the queue answers again";
    reachable = true;
    backoff.Reset();
    for (queue::Lease& lease : *taken) loop_.AddTask(leases_.Hold(std::move(lease)));
  }
  const absl::Status given_back = queue_.ReleaseUnheard(absl::Now() + kPoll);
  if (!given_back.ok()) COHORT_LOG(WARNING) << "tasks of a lost answer stay leased until the lease runs out: " << given_back.message();
}

}  // namespace cohort::rollout
