#pragma once

#include <cstdint>
#include <vector>

#include "proto/cohort/prompt/v1/prompt.pb.h"

namespace cohort::rollout {

// The policy a worker holds, or could hold.
struct HeldPolicy {
  int64_t incarnation = 0;
  int64_t version = -1;  // -1: none.
};

// What a worker that holds `policy` does with a task.
enum class Admission {
  kSample,    // The policy's version may sample it.
  kWait,      // A newer policy will come that may.
  kObsolete,  // The policy is newer than the task allows: the learner has finished the task's step, for which it needed this very group from
              // another worker. Acknowledge.
  kDrop,      // Issued by an earlier learner. Neither sample nor acknowledge: the learner has taken it out of the queue.
};

Admission Admit(const prompt::v1::PromptTask& task, const HeldPolicy& policy);

// Whether the weights may be exchanged for `next` while these tasks are being sampled: all of them are its incarnation's and allow its version. Tasks
// of a strictly on-policy run thus finish on the weights they began with.
bool MayExchange(const std::vector<const prompt::v1::PromptTask*>& running, const HeldPolicy& next);

// Whether `next` follows `held`: another learner incarnation, or a higher version of the same.
bool IsNewer(const HeldPolicy& next, const HeldPolicy& held);

}  // namespace cohort::rollout
