#include "services/rollout/engine/cpu/simd_portable.h"
// The vector type above comes first: the kernels are written over it.
#include "services/rollout/engine/cpu/kernels_impl.h"

namespace cohort::rollout::cpu {

extern const Kernels kKernelsPortable;
const Kernels kKernelsPortable = MakeKernels("portable");

}  // namespace cohort::rollout::cpu
