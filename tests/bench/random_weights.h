#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/model/arena_layout.h"
#include "common/random/philox.h"

namespace cohort::bench {

// Ends the program with the error's message.
inline void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}

inline void Check(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(error));
  std::exit(1);
}

// Weights for a benchmark in an arena on the current GPU: one block of random numbers over and over, norms of one.
inline void FillWeights(__nv_bfloat16* arena, const model::ArenaLayout& layout) {
  random::Stream stream(1, 0);
  std::vector<__nv_bfloat16> block(int64_t{1} << 22);
  for (auto& weight : block) weight = __float2bfloat16_rn(static_cast<float>(0.06 * (stream.NextDouble() - 0.5)));
  for (int64_t begin = 0; begin < layout.size(); begin += static_cast<int64_t>(block.size())) {
    const int64_t count = std::min<int64_t>(static_cast<int64_t>(block.size()), layout.size() - begin);
    Check(cudaMemcpy(arena + begin, block.data(), count * 2, cudaMemcpyHostToDevice));
  }
  for (const auto& slot : layout.slots()) {
    if (slot.name.find("norm") == std::string::npos) continue;
    const std::vector<__nv_bfloat16> ones(slot.size(), __float2bfloat16_rn(1));
    Check(cudaMemcpy(arena + slot.offset, ones.data(), ones.size() * 2, cudaMemcpyHostToDevice));
  }
}

}  // namespace cohort::bench
