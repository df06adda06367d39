#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "services/rollout/engine/engine.h"
#include "services/rollout/worker/generate_job.h"
#include "services/rollout/worker/placement.h"

namespace cohort::rollout {

// The prompts of an engine's Generate calls: those that wait for a place in it, and those that have one. Tokens and ends go into the events of their job. Not
// thread-safe; its functions do not block.
class EnginePrompts {
 public:
  // `engine` outlives it.
  explicit EnginePrompts(Engine& engine) : engine_(engine) {}

  // They wait, in this order, behind those that wait already.
  void Add(const std::vector<std::shared_ptr<GenerateJob>>& jobs) { waiting_.insert(waiting_.end(), jobs.begin(), jobs.end()); }

  // Goes on with the first waiting prompt: gives it a place as `id`, or ends it.
  Placement Place(int64_t id);

  // Pass on what is some prompt's; false if it is none's.
  bool Pass(SampledToken& token);
  bool Finish(FinishedGroup& group);

  void DropCancelled();
  // Ends all of them.
  void Close();

  // Jobs of which a prompt waits.
  int waiting() const { return static_cast<int>(waiting_.size()); }

 private:
  struct Running {
    std::shared_ptr<GenerateJob> job;
    int prompt = 0;
  };
  static void Tell(const Running& running, GenerateEvent event);

  Engine& engine_;
  std::deque<std::shared_ptr<GenerateJob>> waiting_;
  std::map<int64_t, Running> running_;  // By id in the engine.
};

}  // namespace cohort::rollout
