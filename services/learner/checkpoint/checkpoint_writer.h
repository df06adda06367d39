#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/model/checkpoint.h"
#include "common/sync/thread.h"
#include "services/learner/checkpoint/checkpoint_store.h"

namespace cohort::learner {

// Writes checkpoints while training goes on: one at a time, from a copy of the state, on a thread of its own. The destructor waits until a checkpoint that
// was begun has been written. Called by one thread.
class CheckpointWriter {
 public:
  // What became of a checkpoint.
  struct Written {
    RunState state;
    absl::StatusOr<Checkpoint> checkpoint;
    double seconds = 0;
  };

  // `store` and `model`, of which only sizes and layout are used, outlive it.
  CheckpointWriter(const CheckpointStore* store, const model::LoadedModel* model) : store_(store), model_(model) {}

  // Begins to write one; none is being written, and the one before was taken.
  void Begin(const RunState& state, TrainerSnapshot snapshot) ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes the one that was begun: Poll() when it has been written, Wait() after waiting for that. nullopt: none was begun, or not yet.
  std::optional<Written> Poll() ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<Written> Wait() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const CheckpointStore* const store_;
  const model::LoadedModel* const model_;
  absl::Mutex mutex_;
  std::optional<Written> written_ ABSL_GUARDED_BY(mutex_);
  sync::Thread thread_;
};

}  // namespace cohort::learner
