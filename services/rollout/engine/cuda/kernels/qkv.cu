#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/kernels/launch.cuh"
#include "services/rollout/engine/cuda/kernels/warp.cuh"

namespace cohort::rollout::cuda {
namespace {

constexpr int kWarps = 8;

// Where a row's key and value go.
struct Place {
  int position = -1;  // -1: an empty row.
  int table = 0;
};

// One warp prepares one head of one row. A lane holds the elements i and i + head_dim / 2 that rotation mixes.
template <int kHeadDim>
__device__ void PrepareHead(const QkvArgs& args, int row, int head, Place place) {
  constexpr int kHalf = kHeadDim / 2, kPairs = kHalf / 32;
  const int heads = args.heads, kv_heads = args.cache.kv_heads, all = heads + 2 * kv_heads;
  const int lane = threadIdx.x % 32, first = lane * kPairs;
  __nv_bfloat16* x = args.qkv + (static_cast<int64_t>(row) * all + head) * kHeadDim;
  float low[kPairs], high[kPairs];
#pragma unroll
  for (int j = 0; j < kPairs; ++j) {
    low[j] = __bfloat162float(x[first + j]);
    high[j] = __bfloat162float(x[first + j + kHalf]);
    if (args.bias != nullptr) {
      low[j] += __bfloat162float(args.bias[head * kHeadDim + first + j]);
      high[j] += __bfloat162float(args.bias[head * kHeadDim + first + j + kHalf]);
    }
  }
  const bool value = head >= heads + kv_heads;
  const __nv_bfloat16* norm = value ? nullptr : head < heads ? args.q_norm : args.k_norm;
  if (norm != nullptr) {
    float squares = 0;
#pragma unroll
    for (int j = 0; j < kPairs; ++j) squares += low[j] * low[j] + high[j] * high[j];
    const float scale = rsqrtf(WarpSum(squares) / kHeadDim + args.epsilon);
#pragma unroll
    for (int j = 0; j < kPairs; ++j) {
      low[j] *= scale * __bfloat162float(norm[first + j]);
      high[j] *= scale * __bfloat162float(norm[first + j + kHalf]);
    }
  }
  if (!value) {
#pragma unroll
    for (int j = 0; j < kPairs; ++j) {
      const float2 turn = args.rope[static_cast<int64_t>(place.position) * kHalf + first + j];
      const float rotated = low[j] * turn.x - high[j] * turn.y;
      high[j] = high[j] * turn.x + low[j] * turn.y;
      low[j] = rotated;
    }
  }
  __nv_bfloat16* to = x;
  if (head >= heads) {
    const int kv_head = value ? head - heads - kv_heads : head - heads;
    const int64_t page = args.tables.data[static_cast<int64_t>(place.table) * args.tables.stride + place.position / kPageTokens];
    to = args.cache.data + (((page * 2 + (value ? 1 : 0)) * kv_heads + kv_head) * kPageTokens + place.position % kPageTokens) * kHeadDim;
  }
#pragma unroll
  for (int j = 0; j < kPairs; ++j) {
    to[first + j] = __float2bfloat16_rn(low[j]);
    to[first + j + kHalf] = __float2bfloat16_rn(high[j]);
  }
}

template <int kHeadDim>
__global__ void __launch_bounds__(kWarps * 32) DecodeQkvKernel(QkvArgs args, const DecodeRow* rows) {
  WaitForPrevious();
  AllowNext();
  const int row = blockIdx.x, head = blockIdx.y * kWarps + threadIdx.x / 32;
  if (head >= args.heads + 2 * args.cache.kv_heads) return;
  const int position = rows[row].position;
  if (position >= 0) PrepareHead<kHeadDim>(args, row, head, {position, row});
}

template <int kHeadDim>
__global__ void __launch_bounds__(kWarps * 32) PrefillQkvKernel(QkvArgs args, const int32_t* positions, const int32_t* table_of_row) {
  WaitForPrevious();
  AllowNext();
  const int row = blockIdx.x, head = blockIdx.y * kWarps + threadIdx.x / 32;
  if (head < args.heads + 2 * args.cache.kv_heads) PrepareHead<kHeadDim>(args, row, head, {positions[row], table_of_row[row]});
}

dim3 GridFor(const QkvArgs& args) { return dim3(args.rows, (args.heads + 2 * args.cache.kv_heads + kWarps - 1) / kWarps); }

}  // namespace

void PrepareDecodeQkv(const QkvArgs& args, const DecodeRow* rows, cudaStream_t stream) {
  const auto kernel = args.cache.head_dim == 64 ? DecodeQkvKernel<64> : DecodeQkvKernel<128>;
  LaunchAfter(kernel, GridFor(args), kWarps * 32, 0, stream, args, rows);
}

void PreparePrefillQkv(const QkvArgs& args, const int32_t* positions, const int32_t* table_of_row, cudaStream_t stream) {
  const auto kernel = args.cache.head_dim == 64 ? PrefillQkvKernel<64> : PrefillQkvKernel<128>;
  LaunchAfter(kernel, GridFor(args), kWarps * 32, 0, stream, args, positions, table_of_row);
}

}  // namespace cohort::rollout::cuda
