#pragma once

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/kernels/philox.cuh"
#include "services/rollout/engine/cuda/kernels/warp.cuh"

// What the two samplers share.
namespace cohort::rollout::cuda {

// Rows whose truncation drops something; the others are left alone.
void SampleTruncatedRows(const SampleArgs& args, cudaStream_t stream);

// exp((logit - largest) / temperature)
__device__ inline float Mass(float logit, float largest, float inverse_temperature) { return expf((logit - largest) * inverse_temperature); }

// The logits of a row are no numbers.
__device__ inline void Refuse(const SampleArgs& args, int r) {
  args.results[r] = {-1, 0, 0, 1};
  args.rows[r].position = -1;
}

// Takes `token` as the row's next one. By one thread of the row's block.
__device__ inline void Advance(const SampleArgs& args, int r, int token, float logprob) {
  DecodeRow& row = args.rows[r];
  bool ended = row.index + 1 >= row.most_tokens;
  for (int i = 0; i < args.eos_count; ++i) ended = ended || token == args.eos[i];
  args.results[r] = {token, logprob, 1, ended ? 1 : 0};
  row.token = token;
  row.index += 1;
  row.position = ended ? -1 : row.position + 1;
}

}  // namespace cohort::rollout::cuda
