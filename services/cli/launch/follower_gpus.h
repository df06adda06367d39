#pragma once

#include "absl/status/status.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::cli {

// The GPU of the follower of rank `rank` that `cohort run` starts, where the learner computes on one: followers take those behind the learner's.
inline int GpuOfFollower(const config::v1::RunConfig& config, int rank) { return config.optimizer().gpu() + rank; }

// INVALID_ARGUMENT when a follower and rollout workers that take all free memory would meet on one GPU.
absl::Status CheckFollowerGpus(const config::v1::RunConfig& config);

}  // namespace cohort::cli
