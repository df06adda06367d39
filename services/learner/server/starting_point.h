#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "services/learner/checkpoint/checkpoint_store.h"
#include "services/learner/checkpoint/run_directory.h"
#include "services/learner/control/run_control.h"
#include "services/learner/follow/follower_pool.h"
#include "services/learner/server/run_inputs.h"
#include "services/learner/train/trainer.h"

namespace cohort::learner {

// Where an incarnation begins: at the newest checkpoint, or at the initial model.
struct StartingPoint {
  std::optional<Checkpoint> checkpoint;
  RunState state;  // Of the checkpoint, or a fresh one; its incarnation is the new one.
};

// Finds it, after going back in `directory` and `checkpoints` where `control` has an order to. Safe to repeat after a kill at any place. Errors are those of the disk.
absl::StatusOr<StartingPoint> FindStart(const RunInputs& inputs, int64_t incarnation, const RunDirectory& directory, CheckpointStore& checkpoints,
                                        RunControl& control);

// A trainer that stands there. It shares its updates with `followers`, which outlive it, where the config wants several processes.
absl::StatusOr<std::unique_ptr<Trainer>> MakeTrainer(const RunInputs& inputs, const StartingPoint& start, FollowerPool& followers);

}  // namespace cohort::learner
