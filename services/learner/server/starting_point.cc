#include "services/learner/server/starting_point.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/learner/follow/distributed_policy_model.h"

namespace cohort::learner {
namespace {

// Goes back to the checkpoint of `step`. Safe to repeat after a kill at any place: the order is forgotten last.
absl::Status RollBack(int64_t step, const RunDirectory& directory, CheckpointStore& checkpoints, RunControl& control) {
  COHORT_RETURN_IF_ERROR(io::RemoveTree(directory / "journal"));  // Groups of steps that are taken back.
  COHORT_RETURN_IF_ERROR(checkpoints.DropAfter(step));
  COHORT_RETURN_IF_ERROR(control.RolledBack(step));
  COHORT_LOG(WARNING) << "rolled back to step " << step << (checkpoints.latest().empty() ? ", the initial model" : absl::StrCat(": ", checkpoints.latest()));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StartingPoint> FindStart(const RunInputs& inputs, int64_t incarnation, const RunDirectory& directory, CheckpointStore& checkpoints,
                                        RunControl& control) {
  StartingPoint start;
  COHORT_ASSIGN_OR_RETURN(start.checkpoint, checkpoints.FindLatest());
  if (const int64_t step = control.PendingRollback(); step >= 0) {
    COHORT_RETURN_IF_ERROR(RollBack(step, directory, checkpoints, control));
    COHORT_ASSIGN_OR_RETURN(start.checkpoint, checkpoints.FindLatest());
  }
  if (start.checkpoint.has_value()) start.state = start.checkpoint->state;
  start.state.run = inputs.config.run().name();
  start.state.fingerprint = inputs.identity.fingerprint;
  start.state.incarnation = incarnation;
  return start;
}

absl::StatusOr<std::unique_ptr<Trainer>> MakeTrainer(const RunInputs& inputs, const StartingPoint& start, FollowerPool& followers) {
  Trainer::Distribute distribute;
  if (inputs.config.optimizer().data_parallel() > 1) {
    distribute = [&](std::unique_ptr<PolicyModel> local) {
      return std::make_unique<DistributedPolicyModel>(std::move(local), &followers, inputs.model.layout.size());
    };
  }
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer, Trainer::Create(inputs.config, inputs.model, distribute));
  if (!start.checkpoint.has_value()) return trainer;
  COHORT_ASSIGN_OR_RETURN(const model::LoadedModel restored, model::LoadCheckpoint(start.checkpoint->path));
  COHORT_RETURN_IF_ERROR(trainer->Restore(*restored.weights, start.checkpoint->path + "/optimizer.safetensors"));
  return trainer;
}

}  // namespace cohort::learner
