#include "common/metrics/gpu_memory.h"

#include <string>

#if COHORT_CUDA
#include "common/cuda/device.h"
#endif

namespace cohort::metrics {

#if COHORT_CUDA
std::unique_ptr<CollectHook> ExportGpuMemory(Registry& registry, std::optional<int> gpu) {
  if (!gpu.has_value()) return nullptr;
  const Labels labels = {{"gpu", std::to_string(*gpu)}};
  Gauge* const used = registry.GetGauge("cohort_gpu_memory_used_bytes", "Memory of the GPU that is taken, by whichever process.", labels);
  Gauge* const total = registry.GetGauge("cohort_gpu_memory_total_bytes", "Memory of the GPU.", labels);
  return registry.OnCollect([=, index = *gpu] {
    const absl::StatusOr<cuda::DeviceMemory> memory = cuda::ReadDeviceMemory(index);
    if (!memory.ok()) return;
    used->Set(static_cast<double>(memory->total_bytes - memory->free_bytes));
    total->Set(static_cast<double>(memory->total_bytes));
  });
}
#else
std::unique_ptr<CollectHook> ExportGpuMemory(Registry&, std::optional<int>) { return nullptr; }
#endif

}  // namespace cohort::metrics
