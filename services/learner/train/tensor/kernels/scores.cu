#include "services/learner/train/tensor/kernels/kernels.h"
#include "services/learner/train/tensor/kernels/quad.cuh"

namespace cohort::learner::tensor::kernels {
namespace {

constexpr int kThreads = 512;

// Running Σ exp(l - most) and Σ exp(l - most) · (l - most) over logits l (Milakov & Gimelshein, arXiv 1805.02867, with the entropy's sum beside it).
struct Softmax {
  float most = -INFINITY;
  float sum = 0;
  float weighted = 0;

  __device__ void MoveTo(float larger) {
    if (sum == 0) {  // Nothing yet: most may be -infinity.
      most = larger;
      return;
    }
    const float step = larger - most, shrink = expf(-step);
    weighted = shrink * (weighted - step * sum);
    sum *= shrink;
    most = larger;
  }
  __device__ void Add(float logit) {
    if (logit == -INFINITY) return;
    const float below = logit - most, weight = expf(below);
    sum += weight;
    weighted += weight * below;
  }
};

// Calls body(logit, column) for this thread's columns, four at a time where rows are aligned.
template <bool kQuads, typename Body>
__device__ void ForColumns(const float* row, int vocabulary, Body body) {
  if constexpr (kQuads) {
    for (int column = 4 * static_cast<int>(threadIdx.x); column < vocabulary; column += 4 * kThreads) body(Load(row + column), column);
  } else {
    for (int column = threadIdx.x; column < vocabulary; column += kThreads) body(Quad{{row[column]}}, column);
  }
}

template <bool kQuads>
__global__ void __launch_bounds__(kThreads) ScoreLogitsKernel(const float* logits, const int64_t* targets, float scale, int vocabulary, float* log_sums,
                                                              float* logprobs, float* entropies) {
  constexpr int kValues = kQuads ? 4 : 1;
  __shared__ float scratch[3][32];
  const float* row = logits + static_cast<int64_t>(blockIdx.x) * vocabulary;
  Softmax softmax;
  ForColumns<kQuads>(row, vocabulary, [&](Quad quad, int) {
    float most = -INFINITY;
#pragma unroll
    for (int i = 0; i < kValues; ++i) {
      quad.v[i] *= scale;
      most = fmaxf(most, quad.v[i]);
    }
    if (most > softmax.most) softmax.MoveTo(most);
#pragma unroll
    for (int i = 0; i < kValues; ++i) softmax.Add(quad.v[i]);
  });
  softmax.MoveTo(cuda::BlockMax(softmax.most, scratch[0]));
  const float sum = cuda::BlockSum(softmax.sum, scratch[1]), weighted = cuda::BlockSum(softmax.weighted, scratch[2]);
  if (threadIdx.x != 0) return;
  const float log_sum = softmax.most + logf(sum);
  log_sums[blockIdx.x] = log_sum;
  logprobs[blockIdx.x] = row[targets[blockIdx.x]] * scale - log_sum;
  entropies[blockIdx.x] = logf(sum) - weighted / sum;
}

template <bool kQuads>
__global__ void __launch_bounds__(kThreads) ScoreLogitsBackwardKernel(const float* logits, const float* log_sums, const int64_t* targets,
                                                                      const float* dlogprobs, float scale, int vocabulary, __nv_bfloat16* dlogits) {
  constexpr int kValues = kQuads ? 4 : 1;
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * vocabulary;
  const float log_sum = log_sums[blockIdx.x], d = dlogprobs[blockIdx.x] * scale;
  const auto target = static_cast<int>(targets[blockIdx.x]);
  ForColumns<kQuads>(logits + begin, vocabulary, [&](Quad quad, int column) {
#pragma unroll
    for (int i = 0; i < kValues; ++i) quad.v[i] = d * ((column + i == target ? 1.0f : 0.0f) - expf(quad.v[i] * scale - log_sum));
    if constexpr (kQuads) {
      Store(quad, dlogits + begin + column);
    } else {
      dlogits[begin + column] = __float2bfloat16_rn(quad.v[0]);
    }
  });
}

}  // namespace

void ScoreLogits(const float* logits, const int64_t* targets, float scale, int64_t rows, int vocabulary, float* log_sums, float* logprobs, float* entropies,
                 cudaStream_t stream) {
  if (rows == 0) return;
  const auto kernel = vocabulary % 4 == 0 ? ScoreLogitsKernel<true> : ScoreLogitsKernel<false>;
  kernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(logits, targets, scale, vocabulary, log_sums, logprobs, entropies);
}

void ScoreLogitsBackward(const float* logits, const float* log_sums, const int64_t* targets, const float* dlogprobs, float scale, int64_t rows, int vocabulary,
                         __nv_bfloat16* dlogits, cudaStream_t stream) {
  if (rows == 0) return;
  const auto kernel = vocabulary % 4 == 0 ? ScoreLogitsBackwardKernel<true> : ScoreLogitsBackwardKernel<false>;
  kernel<<<static_cast<unsigned>(rows), kThreads, 0, stream>>>(logits, log_sums, targets, dlogprobs, scale, vocabulary, dlogits);
}

}  // namespace cohort::learner::tensor::kernels
