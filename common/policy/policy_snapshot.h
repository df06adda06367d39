#pragma once

#include <cstdint>
#include <memory>

#include "common/model/arena.h"

namespace cohort::policy {

// One whole, checksummed version of the policy's weights, in an arena of the host or in a WeightSink. Immutable and shared.
struct PolicySnapshot {
  int64_t incarnation = 0;  // Of the learner that announced it.
  int64_t version = 0;      // Number of optimizer publishes; 0 is the initial policy.
  uint32_t crc32c = 0;
  std::shared_ptr<const model::Arena> weights;  // nullptr: they came by a broadcast.
  int64_t ticket = 0;                           // Then they can be taken from the sink by this ticket, until a newer version begins to arrive.
};

}  // namespace cohort::policy
