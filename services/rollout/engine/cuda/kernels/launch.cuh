#pragma once

#include <cuda_runtime.h>

// Kernels of a step follow each other without the gap of a launch: one launched by LaunchAfter() may come up while the one before it in the stream is still
// at work, and begins with WaitForPrevious(), after which everything that came before is complete and visible.
namespace cohort::rollout::cuda {

__device__ inline void WaitForPrevious() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

// From now on the next kernel may come up (and wait).
__device__ inline void AllowNext() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }

template <typename... Parameters, typename... Arguments>
void LaunchAfter(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream, Arguments... arguments) {
  cudaLaunchAttribute overlap;
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  config.attrs = &overlap;
  config.numAttrs = 1;
  cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);  // An error is left to cudaGetLastError().
}

}  // namespace cohort::rollout::cuda
