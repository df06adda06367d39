#pragma once

#include <cuda_bf16.h>

#include <cstdint>

// What kernels of every kind share: sums over warps and blocks, pairs of bf16.
namespace cohort::cuda {

constexpr unsigned kWholeWarp = 0xffffffffu;

__device__ inline float WarpSum(float value) {
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) value += __shfl_xor_sync(kWholeWarp, value, lane);
  return value;
}

__device__ inline float WarpMax(float value) {
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) value = fmaxf(value, __shfl_xor_sync(kWholeWarp, value, lane));
  return value;
}

// Sum over a block of whole warps; every thread gets it. `scratch` holds 32 floats and may be used again after the next barrier.
__device__ inline float BlockSum(float value, float* scratch) {
  value = WarpSum(value);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? scratch[threadIdx.x % 32] : 0.0f;
  return WarpSum(value);
}

// Likewise the largest value; a NaN loses to any number.
__device__ inline float BlockMax(float value, float* scratch) {
  value = WarpMax(value);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? scratch[threadIdx.x % 32] : -INFINITY;
  return WarpMax(value);
}

__device__ inline uint32_t PackBf16(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}
__device__ inline float2 UnpackBf16(uint32_t pair) { return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&pair)); }

}  // namespace cohort::cuda
