#include "services/learner/train/tensor/kernels/kernels.h"
#include "services/learner/train/tensor/kernels/quad.cuh"

namespace cohort::learner::tensor::kernels {
namespace {

constexpr int kThreads = 256;

// A thread has four pairs (c, c + half) of one head.
template <typename In, typename Out>
__global__ void RotateHeadsKernel(const In* from, const __nv_bfloat16* bias, const float* cosines, const float* sines, int64_t threads, int heads, int turned,
                                  int half, Out* to) {
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (thread >= threads) return;
  const int of_head = half / 4;
  const int64_t row_head = thread / of_head, row = row_head / heads;
  const int column = 4 * static_cast<int>(thread - row_head * of_head), head = static_cast<int>(row_head - row * heads);
  const int64_t begin = row_head * 2 * half + column;
  Quad low = Load(from + begin), high = Load(from + begin + half);
  if (bias != nullptr) {
    const Quad low_bias = Load(bias + head * 2 * half + column), high_bias = Load(bias + head * 2 * half + half + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) low.v[i] += low_bias.v[i], high.v[i] += high_bias.v[i];
  }
  if (head < turned) {
    const Quad cosine = Load(cosines + row * half + column), sine = Load(sines + row * half + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float a = low.v[i], b = high.v[i];
      low.v[i] = a * cosine.v[i] - b * sine.v[i];
      high.v[i] = b * cosine.v[i] + a * sine.v[i];
    }
  }
  Store(low, to + begin);
  Store(high, to + begin + half);
}

}  // namespace

template <typename In, typename Out>
void RotateHeads(const In* from, const __nv_bfloat16* bias, const float* cosines, const float* sines, int64_t rows, int heads, int turned, int dim,
                 Out* to, cudaStream_t stream) {
  const int64_t threads = rows * heads * (dim / 8);
  if (threads == 0) return;
  const auto blocks = static_cast<unsigned>((threads + kThreads - 1) / kThreads);
  RotateHeadsKernel<<<blocks, kThreads, 0, stream>>>(from, bias, cosines, sines, threads, heads, turned, dim / 2, to);
}
template void RotateHeads(const float*, const __nv_bfloat16*, const float*, const float*, int64_t, int, int, int, __nv_bfloat16*, cudaStream_t);
template void RotateHeads(const __nv_bfloat16*, const __nv_bfloat16*, const float*, const float*, int64_t, int, int, int, __nv_bfloat16*, cudaStream_t);
template void RotateHeads(const __nv_bfloat16*, const __nv_bfloat16*, const float*, const float*, int64_t, int, int, int, float*, cudaStream_t);

}  // namespace cohort::learner::tensor::kernels
