#include <cstdlib>
#include <cstring>

#include "services/rollout/engine/cpu/kernels.h"

namespace cohort::rollout::cpu {

extern const Kernels kKernelsPortable;
#if defined(__x86_64__)
extern const Kernels kKernelsAvx2;
extern const Kernels kKernelsAvx512;
#endif

std::vector<InstructionSet> SupportedInstructionSets() {
  std::vector<InstructionSet> sets = {InstructionSet::kPortable};
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) sets.push_back(InstructionSet::kAvx2);
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) sets.push_back(InstructionSet::kAvx512);
#endif
  return sets;
}

const Kernels& KernelsFor(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return kKernelsAvx512;
  if (set == InstructionSet::kAvx2) return kKernelsAvx2;
#endif
  return kKernelsPortable;
}

const Kernels& BestKernels() {
  const auto sets = SupportedInstructionSets();
  if (const char* wanted = std::getenv("COHORT_ISA"); wanted != nullptr) {
    for (InstructionSet set : sets) {
      if (std::strcmp(KernelsFor(set).name, wanted) == 0) return KernelsFor(set);
    }
  }
  return KernelsFor(sets.back());
}

}  // namespace cohort::rollout::cpu
