#pragma once

#include <vector>

#include "absl/types/span.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// Truncated importance weights between sampler and learner, one per token of a sequence; constants of every derivative. With d_t = old - sampler,
// logarithms clamped to [-20, 20]:
//   NONE      1
//   TOKEN     min(exp(d_t), cap)
//   SEQUENCE  min(exp(sum_t d_t), cap) for all its tokens
// They multiply the policy loss and leave the KL term alone. Both spans have the same length.
std::vector<double> ImportanceWeights(config::v1::ImportanceCorrection correction, absl::Span<const double> old_logprobs,
                                      absl::Span<const float> sampler_logprobs, double cap);

}  // namespace cohort::learner
