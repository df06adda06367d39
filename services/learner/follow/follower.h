#pragma once

#include "absl/status/status.h"
#include "common/sync/stop.h"
#include "services/learner/follow/follow_options.h"

namespace cohort::learner {

// A follower process: follows one leader after the other at the same address, and answers probes. Blocks until a stop is requested or the leader says that the
// run is done: OK. FAILED_PRECONDITION when the leader refuses it for good, errors of PolicyModel::Create() when it cannot compute, UNAVAILABLE when it cannot
// listen; a leader that is not there is waited for.
absl::Status RunFollower(const FollowOptions& options, const sync::StopToken& stop);

}  // namespace cohort::learner
