#include "services/learner/train/kernels/kernels.h"

#include <algorithm>

#include "services/learner/train/kernels/instruction_sets.h"

namespace cohort::learner {

int64_t AttentionScratchFloats(const AttentionShape& shape, int64_t longest) {
  const int64_t width = PadToLanes(shape.head_dim), context = PadToLanes(longest);
  // Keys, values, their transposes and gradients; scores and their gradient; three tiles of rows.
  return 6 * context * width + 2 * kAttentionTile * context + 3 * kAttentionTile * width;
}

int64_t SupportedKernels(const Kernels* sets[3]) {
  int64_t count = 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma")) {
    sets[count++] = &avx512::kKernels;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets[count++] = &avx2::kKernels;
  sets[count++] = &baseline::kKernels;
  return count;
}

const Kernels& ActiveKernels() {
  static const Kernels& active = [] () -> const Kernels& {
    const Kernels* sets[3];
    SupportedKernels(sets);
    return *sets[0];
  }();
  return active;
}

}  // namespace cohort::learner
