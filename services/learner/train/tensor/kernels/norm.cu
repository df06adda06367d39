#include <algorithm>
#include <type_traits>

#include "services/learner/train/tensor/kernels/kernels.h"
#include "services/learner/train/tensor/kernels/quad.cuh"

namespace cohort::learner::tensor::kernels {
namespace {

constexpr int kMostThreads = 256;
constexpr int64_t kBackwardBlocks = 1056;  // Eight a multiprocessor of a Hopper GPU; each works through many rows and adds to dgain once.

template <typename T>
__device__ T* RowOf(const RowsOf<T>& of, int64_t row, int columns) {
  const int64_t group = row / of.rows_in_group;
  return of.data + group * of.group_stride + (row - group * of.rows_in_group) * columns;
}

// A thread keeps kQuads groups of four columns in registers, blockDim.x groups apart; calls body(k, column) for those that exist.
template <int kQuads, typename Body>
__device__ void ForQuads(int columns, Body body) {
#pragma unroll
  for (int k = 0; k < kQuads; ++k) {
    const int column = 4 * static_cast<int>(threadIdx.x + k * blockDim.x);
    if (column < columns) body(k, column);
  }
}

template <int kQuads, typename Out>
__global__ void __launch_bounds__(kMostThreads) RmsNormKernel(RowsOf<const float> x, const Out* gain, float epsilon, int columns, Out* y, float* inverse_rms) {
  __shared__ float scratch[32];
  const int64_t row = blockIdx.x;
  const float* from = RowOf(x, row, columns);
  Quad kept[kQuads];
  float squares = 0;
  ForQuads<kQuads>(columns, [&](int k, int column) {
    kept[k] = Load(from + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) squares += kept[k].v[i] * kept[k].v[i];
  });
  const float scale = rsqrtf(cuda::BlockSum(squares, scratch) / static_cast<float>(columns) + epsilon);
  if (threadIdx.x == 0) inverse_rms[row] = scale;
  ForQuads<kQuads>(columns, [&](int k, int column) {
    const Quad g = Load(gain + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) kept[k].v[i] *= scale * g.v[i];
    Store(kept[k], y + row * columns + column);
  });
}

// With n = x / rms: dx = (dy·gain - n · mean(dy·gain·n)) / rms, and dgain = Σ over rows of dy·n.
template <int kQuads, typename Gain>
__global__ void __launch_bounds__(kMostThreads) RmsNormBackwardKernel(RowsOf<const float> dy, RowsOf<const float> x, const Gain* gain,
                                                                      RowsOf<const float> inverse_rms, int columns, RowsOf<float> dx, float* dgain) {
  __shared__ float scratch[2][32];
  Quad gains[kQuads], sums[kQuads] = {};
  ForQuads<kQuads>(columns, [&](int k, int column) { gains[k] = Load(gain + column); });
  int turn = 0;
  for (int64_t row = blockIdx.x; row < x.rows; row += gridDim.x, turn ^= 1) {
    const float *from = RowOf(x, row, columns), *upper = RowOf(dy, row, columns);
    const float scale = *RowOf(inverse_rms, row, 1);
    Quad normed[kQuads], weighted[kQuads];
    float along = 0;
    ForQuads<kQuads>(columns, [&](int k, int column) {
      normed[k] = Load(from + column);
      weighted[k] = Load(upper + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        normed[k].v[i] *= scale;
        sums[k].v[i] += weighted[k].v[i] * normed[k].v[i];
        weighted[k].v[i] *= gains[k].v[i];
        along += weighted[k].v[i] * normed[k].v[i];
      }
    });
    along = cuda::BlockSum(along, scratch[turn]) / static_cast<float>(columns);
    float* to = RowOf(dx, row, columns);
    ForQuads<kQuads>(columns, [&](int k, int column) {
      Quad sum = Load(to + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) sum.v[i] += (weighted[k].v[i] - normed[k].v[i] * along) * scale;
      Store(sum, to + column);
    });
  }
  ForQuads<kQuads>(columns, [&](int k, int column) {
#pragma unroll
    for (int i = 0; i < 4; ++i) atomicAdd(dgain + column + i, sums[k].v[i]);
  });
}

int ThreadsFor(int columns) { return std::min(kMostThreads, (columns / 4 + 31) / 32 * 32); }

// Calls launch(std::integral_constant) with the quads that a thread has to keep for so many columns.
template <typename Launch>
void WithQuads(int columns, Launch launch) {
  const int quads = (columns / 4 + ThreadsFor(columns) - 1) / ThreadsFor(columns);
  if (quads <= 1) return launch(std::integral_constant<int, 1>());
  if (quads <= 2) return launch(std::integral_constant<int, 2>());
  if (quads <= 4) return launch(std::integral_constant<int, 4>());
  launch(std::integral_constant<int, 8>());
}
static_assert(kMostNormColumns == 4 * 8 * kMostThreads);

}  // namespace

template <typename Out>
void RmsNorm(RowsOf<const float> x, const Out* gain, float epsilon, int columns, Out* y, float* inverse_rms, cudaStream_t stream) {
  if (x.rows == 0) return;
  WithQuads(columns, [&](auto quads) {
    RmsNormKernel<quads.value><<<static_cast<unsigned>(x.rows), ThreadsFor(columns), 0, stream>>>(x, gain, epsilon, columns, y, inverse_rms);
  });
}
template void RmsNorm(RowsOf<const float>, const float*, float, int, float*, float*, cudaStream_t);
template void RmsNorm(RowsOf<const float>, const __nv_bfloat16*, float, int, __nv_bfloat16*, float*, cudaStream_t);

template <typename Gain>
void AddRmsNormBackward(RowsOf<const float> dy, RowsOf<const float> x, const Gain* gain, RowsOf<const float> inverse_rms, int columns, RowsOf<float> dx,
                        float* dgain, cudaStream_t stream) {
  if (x.rows == 0) return;
  const auto blocks = static_cast<unsigned>(std::min(x.rows, kBackwardBlocks * (kMostThreads / ThreadsFor(columns))));
  WithQuads(columns, [&](auto quads) {
    RmsNormBackwardKernel<quads.value><<<blocks, ThreadsFor(columns), 0, stream>>>(dy, x, gain, inverse_rms, columns, dx, dgain);
  });
}
template void AddRmsNormBackward(RowsOf<const float>, RowsOf<const float>, const float*, RowsOf<const float>, int, RowsOf<float>, float*, cudaStream_t);
template void AddRmsNormBackward(RowsOf<const float>, RowsOf<const float>, const __nv_bfloat16*, RowsOf<const float>, int, RowsOf<float>, float*, cudaStream_t);

}  // namespace cohort::learner::tensor::kernels
