#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/kernels/launch.cuh"
#include "services/rollout/engine/cuda/kernels/warp.cuh"

namespace cohort::rollout::cuda {
namespace {

__device__ void EmbedOne(int token, const __nv_bfloat16* embedding, int hidden, float* out) {
  const uint4* from = reinterpret_cast<const uint4*>(embedding + static_cast<int64_t>(token) * hidden);
  for (int i = threadIdx.x; i < hidden / 8; i += blockDim.x) {
    const uint4 chunk = token < 0 ? uint4{0, 0, 0, 0} : from[i];
    const float2 a = UnpackBf16(chunk.x), b = UnpackBf16(chunk.y), c = UnpackBf16(chunk.z), d = UnpackBf16(chunk.w);
    float4* to = reinterpret_cast<float4*>(out) + 2 * i;
    to[0] = {a.x, a.y, b.x, b.y};
    to[1] = {c.x, c.y, d.x, d.y};
  }
}

__global__ void EmbedRowsKernel(const DecodeRow* rows, const __nv_bfloat16* embedding, int hidden, float* out) {
  WaitForPrevious();
  AllowNext();
  const DecodeRow& row = rows[blockIdx.x];
  EmbedOne(row.position < 0 ? -1 : row.token, embedding, hidden, out + static_cast<int64_t>(blockIdx.x) * hidden);
}

__global__ void EmbedTokensKernel(const int32_t* tokens, const __nv_bfloat16* embedding, int hidden, float* out) {
  EmbedOne(tokens[blockIdx.x], embedding, hidden, out + static_cast<int64_t>(blockIdx.x) * hidden);
}

// One block a row; each thread keeps its share of the row in registers between the sum of squares and the scaling.
constexpr int kNormChunks = 4;  // Of 8 elements per thread: rows of up to 8 · 4 · 512 elements.

__global__ void __launch_bounds__(512) AddRmsNormKernel(float* residual, const __nv_bfloat16* delta, const __nv_bfloat16* weight, float epsilon, int width,
                                                        __nv_bfloat16* out) {
  __shared__ float scratch[32];
  WaitForPrevious();
  AllowNext();
  const int64_t row = static_cast<int64_t>(blockIdx.x) * width;
  const int chunks = width / 8;
  float x[kNormChunks][8];
  float squares = 0;
#pragma unroll
  for (int k = 0; k < kNormChunks; ++k) {
    const int i = threadIdx.x + k * blockDim.x;
    if (i >= chunks) break;
    float4* from = reinterpret_cast<float4*>(residual + row) + 2 * i;
    const float4 low = from[0], high = from[1];
    x[k][0] = low.x, x[k][1] = low.y, x[k][2] = low.z, x[k][3] = low.w;
    x[k][4] = high.x, x[k][5] = high.y, x[k][6] = high.z, x[k][7] = high.w;
    if (delta != nullptr) {
      const uint4 d = reinterpret_cast<const uint4*>(delta + row)[i];
      const uint32_t pairs[4] = {d.x, d.y, d.z, d.w};
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float2 pair = UnpackBf16(pairs[j]);
        x[k][2 * j] += pair.x;
        x[k][2 * j + 1] += pair.y;
      }
      from[0] = {x[k][0], x[k][1], x[k][2], x[k][3]};
      from[1] = {x[k][4], x[k][5], x[k][6], x[k][7]};
    }
#pragma unroll
    for (int j = 0; j < 8; ++j) squares += x[k][j] * x[k][j];
  }
  const float scale = rsqrtf(BlockSum(squares, scratch) / static_cast<float>(width) + epsilon);
#pragma unroll
  for (int k = 0; k < kNormChunks; ++k) {
    const int i = threadIdx.x + k * blockDim.x;
    if (i >= chunks) break;
    const uint4 w = reinterpret_cast<const uint4*>(weight)[i];
    const uint32_t pairs[4] = {w.x, w.y, w.z, w.w};
    uint32_t y[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float2 pair = UnpackBf16(pairs[j]);
      y[j] = PackBf16(x[k][2 * j] * scale * pair.x, x[k][2 * j + 1] * scale * pair.y);
    }
    reinterpret_cast<uint4*>(out + row)[i] = {y[0], y[1], y[2], y[3]};
  }
}

__device__ inline float SiluTimes(float gate, float up) { return gate / (1.0f + __expf(-gate)) * up; }

__global__ void SiluMulKernel(const __nv_bfloat16* gate_up, int width, __nv_bfloat16* out) {
  WaitForPrevious();
  AllowNext();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= width / 8) return;
  const uint4* row = reinterpret_cast<const uint4*>(gate_up + static_cast<int64_t>(blockIdx.y) * 2 * width);
  const uint4 g = row[i], u = row[width / 8 + i];
  const uint32_t gates[4] = {g.x, g.y, g.z, g.w}, ups[4] = {u.x, u.y, u.z, u.w};
  uint32_t y[4];
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const float2 gate = UnpackBf16(gates[j]), up = UnpackBf16(ups[j]);
    y[j] = PackBf16(SiluTimes(gate.x, up.x), SiluTimes(gate.y, up.y));
  }
  reinterpret_cast<uint4*>(out + static_cast<int64_t>(blockIdx.y) * width)[i] = {y[0], y[1], y[2], y[3]};
}

__global__ void ConvertToBf16Kernel(const float4* from, uint2* to, int64_t chunks) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < chunks; i += step) {
    const float4 x = from[i];
    to[i] = {PackBf16(x.x, x.y), PackBf16(x.z, x.w)};
  }
}

int ThreadsFor(int chunks, int most) {
  const int threads = (chunks + 31) / 32 * 32;
  return threads < most ? threads : most;
}

}  // namespace

void EmbedRows(const DecodeRow* rows, const __nv_bfloat16* embedding, int count, int hidden, float* out, cudaStream_t stream) {
  LaunchAfter(EmbedRowsKernel, count, ThreadsFor(hidden / 8, 256), 0, stream, rows, embedding, hidden, out);
}

void EmbedTokens(const int32_t* tokens, const __nv_bfloat16* embedding, int count, int hidden, float* out, cudaStream_t stream) {
  EmbedTokensKernel<<<count, ThreadsFor(hidden / 8, 256), 0, stream>>>(tokens, embedding, hidden, out);
}

void AddRmsNorm(float* residual, const __nv_bfloat16* delta, const __nv_bfloat16* weight, float epsilon, int rows, int width, __nv_bfloat16* out,
                cudaStream_t stream) {
  LaunchAfter(AddRmsNormKernel, rows, ThreadsFor(width / 8, 512), 0, stream, residual, delta, weight, epsilon, width, out);
}

void SiluMul(const __nv_bfloat16* gate_up, int rows, int width, __nv_bfloat16* out, cudaStream_t stream) {
  constexpr int kThreads = 128;
  const dim3 grid((width / 8 + kThreads - 1) / kThreads, rows);
  LaunchAfter(SiluMulKernel, grid, kThreads, 0, stream, gate_up, width, out);
}

void ConvertToBf16(const float* from, __nv_bfloat16* to, int64_t count, cudaStream_t stream) {
  ConvertToBf16Kernel<<<1024, 256, 0, stream>>>(reinterpret_cast<const float4*>(from), reinterpret_cast<uint2*>(to), count / 4);
}

}  // namespace cohort::rollout::cuda
