#pragma once

#include <cstdint>

#include "services/learner/train/kernels/kernels.h"

// What the compilations of the kernels for different instruction sets share. Each includes the .inc files once, in its own namespace, and nothing
// from the standard library: an inline function compiled for AVX-512 could otherwise be the copy that the linker keeps for every caller.
namespace cohort::learner {

inline constexpr int64_t kAttentionTile = 32;  // Query rows that are worked on together.
inline constexpr int64_t kMostLanes = 16;      // Floats of the widest vector; scratch rows are padded to it.

constexpr int64_t PadToLanes(int64_t size) { return (size + kMostLanes - 1) / kMostLanes * kMostLanes; }

namespace baseline {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}

}  // namespace cohort::learner
