#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/queue/prompt_queue.h"
#include "common/sync/stop.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/server/learner_options.h"

namespace cohort::learner {

// The queue with this learner as its issuing side.
struct QueueConnection {
  std::unique_ptr<queue::PromptQueue> queue;
  int64_t incarnation = 0;
};

// Connects to Redis and draws an incarnation above `last_incarnation`; tasks of earlier ones are dropped. Repeats while Redis cannot be reached,
// until options.start_timeout has passed: UNAVAILABLE names the address and the remedy. CANCELLED when a stop was requested.
absl::StatusOr<QueueConnection> ConnectQueue(const LearnerOptions& options, const config::v1::RunConfig& config, int64_t last_incarnation,
                                             const sync::StopToken& stop);

}  // namespace cohort::learner
