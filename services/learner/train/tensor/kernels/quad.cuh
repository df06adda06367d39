#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "common/cuda/reduce.cuh"

namespace cohort::learner::tensor::kernels {

// Four neighbouring values, as every kernel here reads and writes them.
struct Quad {
  float v[4];
};

__device__ inline Quad Load(const float* from) {
  const float4 x = *reinterpret_cast<const float4*>(from);
  return {{x.x, x.y, x.z, x.w}};
}
__device__ inline Quad Load(const __nv_bfloat16* from) {
  const uint2 x = *reinterpret_cast<const uint2*>(from);
  const float2 low = cuda::UnpackBf16(x.x), high = cuda::UnpackBf16(x.y);
  return {{low.x, low.y, high.x, high.y}};
}
__device__ inline void Store(const Quad& x, float* to) { *reinterpret_cast<float4*>(to) = {x.v[0], x.v[1], x.v[2], x.v[3]}; }
__device__ inline void Store(const Quad& x, __nv_bfloat16* to) {
  *reinterpret_cast<uint2*>(to) = {cuda::PackBf16(x.v[0], x.v[1]), cuda::PackBf16(x.v[2], x.v[3])};
}

}  // namespace cohort::learner::tensor::kernels
