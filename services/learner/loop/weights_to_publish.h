#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/policy/published_weights.h"
#include "services/learner/train/trainer.h"

namespace cohort::learner {

// The trainer's weights as rollout workers shall have them: on the GPU, ready to be broadcast, when `on_gpu`; else in the host's memory. `on_gpu` needs a
// trainer that computes on one. Errors of the GPU are returned.
absl::StatusOr<std::shared_ptr<const policy::PublishedWeights>> WeightsToPublish(const Trainer& trainer, bool on_gpu);

}  // namespace cohort::learner
