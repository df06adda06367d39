#include "services/rollout/engine/cpu/simd_avx2.h"
// The vector type above comes first: the kernels are written over it.
#include "services/rollout/engine/cpu/kernels_impl.h"

namespace cohort::rollout::cpu {

extern const Kernels kKernelsAvx2;
const Kernels kKernelsAvx2 = MakeKernels("avx2");

}  // namespace cohort::rollout::cpu
