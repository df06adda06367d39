#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/policy/collective_root.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/trainer.h"

namespace cohort::learner {

// What broadcasts this trainer's weights, as the config asks for; nullptr when the learner computes on processors or the config wants gRPC. Errors are those
// of NCCL.
absl::StatusOr<std::unique_ptr<policy::CollectiveRoot>> MakeCollectiveRoot(const config::v1::RunConfig& config, const Trainer& trainer);

}  // namespace cohort::learner
