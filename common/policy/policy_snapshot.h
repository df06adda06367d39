#pragma once

#include <cstdint>
#include <memory>

#include "common/model/arena.h"

namespace cohort::policy {

// One whole, checksummed version of the policy's weights. Immutable and shared.
struct PolicySnapshot {
  int64_t incarnation = 0;  // Of the learner that announced it.
  int64_t version = 0;      // Number of optimizer publishes; 0 is the initial policy.
  uint32_t crc32c = 0;
  std::shared_ptr<const model::Arena> weights;
};

}  // namespace cohort::policy
