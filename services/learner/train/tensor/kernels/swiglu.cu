#include "services/learner/train/tensor/kernels/kernels.h"
#include "services/learner/train/tensor/kernels/quad.cuh"

namespace cohort::learner::tensor::kernels {
namespace {

constexpr int kThreads = 256;

__device__ inline float Sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// Thread (i, row) has four columns of the row.
__global__ void SwiGluKernel(const __nv_bfloat16* gate_up, int inner, __nv_bfloat16* out) {
  const int column = 4 * static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= inner) return;
  const __nv_bfloat16* row = gate_up + static_cast<int64_t>(blockIdx.y) * 2 * inner;
  Quad gate = Load(row + column);
  const Quad up = Load(row + inner + column);
#pragma unroll
  for (int i = 0; i < 4; ++i) gate.v[i] *= Sigmoid(gate.v[i]) * up.v[i];
  Store(gate, out + static_cast<int64_t>(blockIdx.y) * inner + column);
}

__global__ void SwiGluBackwardKernel(const float* dout, const __nv_bfloat16* gate_up, int inner, __nv_bfloat16* dgate_up) {
  const int column = 4 * static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= inner) return;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * 2 * inner + column;
  const Quad d = Load(dout + static_cast<int64_t>(blockIdx.y) * inner + column);
  Quad gate = Load(gate_up + begin), up = Load(gate_up + begin + inner);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float sigmoid = Sigmoid(gate.v[i]), silu = gate.v[i] * sigmoid;
    gate.v[i] = d.v[i] * up.v[i] * (sigmoid + silu - silu * sigmoid);  // silu' = sigmoid + silu · (1 - sigmoid).
    up.v[i] = d.v[i] * silu;
  }
  Store(gate, dgate_up + begin);
  Store(up, dgate_up + begin + inner);
}

// Rows are the grid's second dimension, which is limited; calls launch(first row, rows, grid) for each part.
template <typename Launch>
void ForRows(int64_t rows, int inner, Launch launch) {
  constexpr int64_t kMostRows = 65535;
  for (int64_t first = 0; first < rows; first += kMostRows) {
    const int64_t part = rows - first < kMostRows ? rows - first : kMostRows;
    launch(first, dim3((inner / 4 + kThreads - 1) / kThreads, static_cast<unsigned>(part)));
  }
}

}  // namespace

void SwiGlu(const __nv_bfloat16* gate_up, int64_t rows, int inner, __nv_bfloat16* out, cudaStream_t stream) {
  ForRows(rows, inner, [&](int64_t first, dim3 grid) {
    SwiGluKernel<<<grid, kThreads, 0, stream>>>(gate_up + first * 2 * inner, inner, out + first * inner);
  });
}

void SwiGluBackward(const float* dout, const __nv_bfloat16* gate_up, int64_t rows, int inner, __nv_bfloat16* dgate_up, cudaStream_t stream) {
  ForRows(rows, inner, [&](int64_t first, dim3 grid) {
    SwiGluBackwardKernel<<<grid, kThreads, 0, stream>>>(dout + first * inner, gate_up + first * 2 * inner, inner, dgate_up + first * 2 * inner);
  });
}

}  // namespace cohort::learner::tensor::kernels
