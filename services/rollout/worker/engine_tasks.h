#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "proto/cohort/prompt/v1/prompt.pb.h"
#include "services/rollout/engine/engine.h"
#include "services/rollout/worker/admission.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/lease_keeper.h"
#include "services/rollout/worker/placement.h"

namespace cohort::rollout {

// The leased tasks of an engine: those that wait for a place in it, and those that have one. What becomes of each goes to the finisher. Not thread-safe; its
// functions do not block.
class EngineTasks {
 public:
  // Both outlive it; without a finisher (nullptr) no tasks may come.
  EngineTasks(Engine& engine, GroupFinisher* finisher) : engine_(engine), finisher_(finisher) {}

  // They wait, in this order, behind those that wait already.
  void Add(const std::vector<std::shared_ptr<HeldLease>>& tasks) { waiting_.insert(waiting_.end(), tasks.begin(), tasks.end()); }

  // Goes on with the first waiting task that `policy`, the one in the engine, decides about: gives it a place as `id`, or ends it.
  Placement Place(const HeldPolicy& policy, int64_t id);

  // Passes a group on; false if it is no task's.
  bool Finish(FinishedGroup& group);

  // Forgets those whose lease was lost.
  void DropLost();
  // Forgets all that have a place: the learner that wanted them is gone, and so are their tasks.
  void DropRunning();

  // Give back, for others: those that wait, the later half of them, those that have a place.
  void ReleaseWaiting();
  void ReleaseLaterHalf();
  void ReleaseRunning();

  // After the engine has failed, which is not spoken to any more: leaves the leases of those that had a place to run out. Unlike a release this counts as an
  // attempt, so that a task that makes every engine fail ends among the dead letters.
  void LeaveRunning();

  int waiting() const { return static_cast<int>(waiting_.size()); }
  // Those that have a place.
  std::vector<const prompt::v1::PromptTask*> Running() const;
  bool any_running() const { return !running_.empty(); }

 private:
  Engine& engine_;
  GroupFinisher* const finisher_;
  std::deque<std::shared_ptr<HeldLease>> waiting_;           // In the order of leasing.
  std::map<int64_t, std::shared_ptr<HeldLease>> running_;    // By id in the engine.
};

}  // namespace cohort::rollout
