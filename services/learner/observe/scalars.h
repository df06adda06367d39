#pragma once

#include <vector>

#include "proto/cohort/learner/v1/run_service.pb.h"
#include "services/learner/observe/event_encoding.h"

namespace cohort::learner {

// The curves of one step under the names that users of TRL and verl know ("reward", "completions/mean_length", "perf/throughput", …).
std::vector<Scalar> StepScalars(const learner::v1::StepRecord& record);

// Completion lengths over [0, max_new_tokens].
BinnedHistogram LengthHistogram(const learner::v1::StepRecord& record, int64_t max_new_tokens);

}  // namespace cohort::learner
