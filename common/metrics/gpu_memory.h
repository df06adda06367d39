#pragma once

#include <memory>
#include <optional>

#include "common/metrics/metrics.h"

namespace cohort::metrics {

// Exports cohort_gpu_memory_used_bytes{gpu} and cohort_gpu_memory_total_bytes{gpu} of the GPU that this process computes on, read anew at every exposition; what
// other processes hold there counts as used. A GPU that cannot be read keeps its last numbers. nullptr, and no such metric, without a GPU and in builds without CUDA.
// Keep the result as long as they are wanted.
std::unique_ptr<CollectHook> ExportGpuMemory(Registry& registry, std::optional<int> gpu);

}  // namespace cohort::metrics
