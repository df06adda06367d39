#include <cuda_runtime.h>

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/kernels/launch.cuh"
#include "services/rollout/engine/cuda/kernels/sampler.cuh"

// Two kernels read the logits once: the first leaves maximum, sum of exponentials and index of the maximum of every tile; the second, one block a row,
// finds the tile that holds the token from these and looks again at that tile alone.
namespace cohort::rollout::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPerThread = 16;
constexpr int kTile = kThreads * kPerThread;
constexpr int kMostTiles = kThreads;

__device__ inline float Logit(const float* logits, int vocab, int i) { return i < vocab ? __ldcg(logits + i) : -INFINITY; }

__global__ void __launch_bounds__(kThreads) TilesKernel(SampleArgs args, int tiles) {
  __shared__ float best_value[kThreads / 32];
  __shared__ int best_index[kThreads / 32];
  __shared__ float scratch[32];
  WaitForPrevious();
  AllowNext();
  const DecodeRow& row = args.rows[blockIdx.y];
  if (row.position < 0 || (row.truncates != 0 && row.temperature != 0)) return;
  const float* logits = args.logits + static_cast<int64_t>(blockIdx.y) * args.vocab;
  const int begin = blockIdx.x * kTile;
  float x[kPerThread];
  float largest = -INFINITY;
  int index = args.vocab;
#pragma unroll
  for (int j = 0; j < kPerThread; ++j) {
    const int i = begin + j * kThreads + threadIdx.x;
    x[j] = Logit(logits, args.vocab, i);
    if (x[j] > largest) largest = x[j], index = i;  // Ascending: the lowest id among equals stays.
  }
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) {
    const float other = __shfl_xor_sync(kWholeWarp, largest, lane);
    const int other_index = __shfl_xor_sync(kWholeWarp, index, lane);
    if (other > largest || (other == largest && other_index < index)) largest = other, index = other_index;
  }
  if (threadIdx.x % 32 == 0) best_value[threadIdx.x / 32] = largest, best_index[threadIdx.x / 32] = index;
  __syncthreads();
#pragma unroll
  for (int w = 0; w < kThreads / 32; ++w) {
    if (best_value[w] > largest || (best_value[w] == largest && best_index[w] < index)) largest = best_value[w], index = best_index[w];
  }
  // A NaN makes the sum one, and so does +infinity; a tile of nothing but -infinity has the sum 0.
  const float inverse = row.temperature == 0 ? 1.0f : 1.0f / row.temperature;
  const float base = largest == -INFINITY ? 0.0f : largest;
  float sum = 0;
#pragma unroll
  for (int j = 0; j < kPerThread; ++j) sum += Mass(x[j], base, inverse);
  sum = BlockSum(sum, scratch);
  if (threadIdx.x == 0) args.tiles[static_cast<int64_t>(blockIdx.y) * tiles + blockIdx.x] = {largest, sum, __int_as_float(index), 0};
}

// The first id of the tile at which the running sum of masses passes `target`; the last id with any mass when rounding keeps the sum below it, `fallback`
// when there is none.
__device__ int FindInTile(const float* logits, int vocab, int begin, float largest, float inverse, double target, int fallback) {
  __shared__ double warp_sums[kThreads / 32];
  __shared__ int found, last;
  if (threadIdx.x == 0) found = INT32_MAX, last = -1;
  float mass[kPerThread];
  double sum = 0;
#pragma unroll
  for (int j = 0; j < kPerThread; ++j) {
    mass[j] = Mass(Logit(logits, vocab, begin + static_cast<int>(threadIdx.x) * kPerThread + j), largest, inverse);
    sum += mass[j];
  }
  double before = sum;  // Becomes the inclusive scan over the warp, then what lies before this thread.
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const double other = __shfl_up_sync(kWholeWarp, before, step);
    if (threadIdx.x % 32 >= step) before += other;
  }
  if (threadIdx.x % 32 == 31) warp_sums[threadIdx.x / 32] = before;
  __syncthreads();
  before -= sum;
  for (int w = 0; w < threadIdx.x / 32; ++w) before += warp_sums[w];
#pragma unroll
  for (int j = 0; j < kPerThread; ++j) {
    if (mass[j] == 0) continue;
    const int id = begin + static_cast<int>(threadIdx.x) * kPerThread + j;
    before += mass[j];
    atomicMax(&last, id);
    if (before > target) {
      atomicMin(&found, id);
      break;
    }
  }
  __syncthreads();
  return found != INT32_MAX ? found : last >= 0 ? last : fallback;
}

// What a row's tiles say together.
struct RowSummary {
  float largest;
  int index;        // Of `largest`.
  int tile;         // That holds the token.
  double total;
  double target;    // Mass within the tile at which the token lies.
};

__device__ RowSummary Summarise(const float4* stats, int tiles, float inverse, float uniform) {
  __shared__ double masses[kMostTiles];
  __shared__ float4 copies[kMostTiles];
  __shared__ RowSummary summary;
  if (threadIdx.x < tiles) copies[threadIdx.x] = stats[threadIdx.x];
  __syncthreads();
  float largest = -INFINITY;
  int index = -1;
  for (int t = 0; t < tiles; ++t) {
    if (copies[t].x > largest) largest = copies[t].x, index = __float_as_int(copies[t].z);
  }
  if (threadIdx.x < tiles) masses[threadIdx.x] = static_cast<double>(copies[threadIdx.x].y) * Mass(copies[threadIdx.x].x, largest, inverse);
  __syncthreads();
  if (threadIdx.x == 0) {
    double total = 0;
    for (int t = 0; t < tiles; ++t) total += masses[t];
    const double wanted = static_cast<double>(uniform) * total;
    double before = 0;
    RowSummary s{largest, index, -1, total, 0};
    for (int t = 0; t < tiles; ++t) {
      if (!(masses[t] > 0)) continue;
      s.tile = t;
      s.target = wanted - before;
      before += masses[t];
      if (before > wanted) break;
    }
    summary = s;
  }
  __syncthreads();
  return summary;
}

__global__ void __launch_bounds__(kThreads) ChooseKernel(SampleArgs args, int tiles) {
  WaitForPrevious();
  AllowNext();
  const int r = blockIdx.x;
  const DecodeRow row = args.rows[r];
  if (row.position < 0) {
    if (threadIdx.x == 0) args.results[r] = {};
    return;
  }
  if (row.truncates != 0 && row.temperature != 0) return;
  const float inverse = row.temperature == 0 ? 1.0f : 1.0f / row.temperature;
  const RowSummary s = Summarise(args.tiles + static_cast<int64_t>(r) * tiles, tiles, inverse, SamplingUniform(row));
  if (!isfinite(s.largest) || !isfinite(s.total)) {
    if (threadIdx.x == 0) Refuse(args, r);
    return;
  }
  if (row.temperature == 0) {
    if (threadIdx.x == 0) Advance(args, r, s.index, 0);
    return;
  }
  const float* logits = args.logits + static_cast<int64_t>(r) * args.vocab;
  const int token = FindInTile(logits, args.vocab, s.tile * kTile, s.largest, inverse, s.target, s.index);
  if (threadIdx.x == 0) Advance(args, r, token, (logits[token] - s.largest) * inverse - static_cast<float>(log(s.total)));
}

}  // namespace

int SampleTiles(int vocab) { return (vocab + kTile - 1) / kTile; }

void SampleRows(const SampleArgs& args, bool any_truncates, cudaStream_t stream) {
  const int tiles = SampleTiles(args.vocab);
  LaunchAfter(TilesKernel, dim3(tiles, args.count), kThreads, 0, stream, args, tiles);
  LaunchAfter(ChooseKernel, args.count, kThreads, 0, stream, args, tiles);
  if (any_truncates) SampleTruncatedRows(args, stream);
}

}  // namespace cohort::rollout::cuda
