#pragma once

#include <cstdint>

#include "services/rollout/engine/cuda/kernels/row.h"

namespace cohort::rollout::cuda {

// random::SamplingUniform() on the GPU, bit for bit: the number in [0, 1) that draws the row's next token.
__device__ inline float SamplingUniform(const DecodeRow& row) {
  uint32_t c0 = row.step, c1 = row.slot, c2 = row.sample, c3 = static_cast<uint32_t>(row.index);
  uint32_t k0 = static_cast<uint32_t>(row.seed), k1 = static_cast<uint32_t>(row.seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint32_t high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    const uint32_t high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return static_cast<float>(c0 >> 8) * 0x1p-24f;
}

}  // namespace cohort::rollout::cuda
