#pragma once

#include <cstdint>

#include "common/hash/keyed_hash.h"
#include "common/rpc/trace_context.h"

namespace cohort::learner {

// The traces of one incarnation's groups. The ids are a hash of (step, slot) under a secret that is drawn once: a task that is issued again keeps its trace
// without anybody remembering it, those of another run or incarnation are others, and nothing is drawn from the random numbers that decide what is sampled or
// learnt. Immutable.
class GroupTraces {
 public:
  explicit GroupTraces(hash::HashSecret secret = hash::HashSecret::Random()) : secret_(secret) {}

  // The trace of the group in this place; the span is its issuing.
  rpc::TraceContext Of(int64_t step, int64_t slot) const;

 private:
  const hash::HashSecret secret_;
};

}  // namespace cohort::learner
