#pragma once

#include <cstdint>
#include <vector>

#include "proto/cohort/common/v1/sampling.pb.h"
#include "services/rollout/engine/cpu/aligned_buffer.h"
#include "services/rollout/engine/cpu/kernels.h"

namespace cohort::rollout::cpu {

// A drawn token.
struct Choice {
  int32_t token = -1;    // -1: the logits hold no finite maximum.
  float logprob = 0;     // Under the truncated, renormalised distribution it was drawn from.
  float kept_mass = 1;   // Share of softmax(logits / temperature) that truncation kept.
};

// Draws tokens from logits. Reproducible to the bit: exponentials come from the kernels, sums are taken in double precision in the order of token ids.
// Holds scratch: one sampler for each thread.
class Sampler {
 public:
  Sampler(const Kernels& kernels, int64_t vocab_size);

  // `logits` are readable in whole lanes; `params` have been checked; `uniform` in [0, 1) picks the token by inverting the distribution function over ids.
  Choice Sample(const float* logits, const common::v1::SamplingParams& params, float uniform);

 private:
  Choice Greedy(const float* logits) const;
  // Zeroes what top_k, top_p and min_p drop.
  void Truncate(const common::v1::SamplingParams& params, double total);
  double Total() const;

  const Kernels& kernels_;
  const int64_t vocab_size_;
  AlignedBuffer mass_;            // exp(logit / temperature - max), whole lanes.
  std::vector<int32_t> order_;
  std::vector<float> kept_;
};

}  // namespace cohort::rollout::cpu
