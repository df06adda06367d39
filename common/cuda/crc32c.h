#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "absl/status/statusor.h"

namespace cohort::cuda {

// io::Crc32c() of `bytes` at `data`, memory of the current device aligned to 16 bytes, computed there at a good part of the memory's speed. Runs on `stream`
// behind what is enqueued, and waits for it.
absl::StatusOr<uint32_t> Crc32c(const void* data, int64_t bytes, cudaStream_t stream);

}  // namespace cohort::cuda
