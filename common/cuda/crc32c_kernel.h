#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace cohort::cuda {

// Enqueues: *sum ^= the state of a CRC-32C that began with 0, after `vectors` times 16 bytes at `data`, which are aligned to as much.
void EnqueueCrc32cState(const void* data, int64_t vectors, uint32_t* sum, cudaStream_t stream);

}  // namespace cohort::cuda
