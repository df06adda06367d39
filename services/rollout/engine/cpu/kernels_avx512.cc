#include "services/rollout/engine/cpu/simd_avx512.h"
// The vector type above comes first: the kernels are written over it.
#include "services/rollout/engine/cpu/kernels_impl.h"

namespace cohort::rollout::cpu {

extern const Kernels kKernelsAvx512;
const Kernels kKernelsAvx512 = MakeKernels("avx512");

}  // namespace cohort::rollout::cpu
