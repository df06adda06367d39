#include <cuda_runtime.h>

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/kernels/warp.cuh"

// One block takes 64 query positions of one head, 16 for each of its four warps, and walks over the pages of the context up to the last of them; the next
// page is on its way while the current one is multiplied. Softmax runs in registers.
namespace cohort::rollout::cuda {
namespace {

constexpr int kWarps = 4;

template <int kHeadDim>
struct Shape {
  static constexpr int kRowBytes = kHeadDim * 2;
  static constexpr int kTileBytes = kPageTokens * kRowBytes;
  static constexpr int kStageBytes = 2 * kTileBytes;  // Keys and values of a page.
  static constexpr int kSharedBytes = 2 * kStageBytes;
};

// Of the page's positions the first `valid` are loaded; the others become zeros, because what lies in them may be no numbers.
template <int kHeadDim>
__device__ void LoadPage(const PagedCache& cache, int64_t page, int kv_head, int valid, uint32_t shared) {
  using S = Shape<kHeadDim>;
  constexpr int kChunksPerRow = S::kRowBytes / 16;
  const __nv_bfloat16* keys = cache.data + (page * 2 * cache.kv_heads + kv_head) * kPageTokens * kHeadDim;
  const __nv_bfloat16* values = keys + static_cast<int64_t>(cache.kv_heads) * kPageTokens * kHeadDim;
#pragma unroll
  for (int i = 0; i < kPageTokens * kChunksPerRow / (kWarps * 32); ++i) {
    const int piece = threadIdx.x + kWarps * 32 * i, row = piece / kChunksPerRow, chunk = piece % kChunksPerRow;
    const uint32_t to = shared + Swizzled<S::kRowBytes>(row, chunk);
    CopyAsync16(to, keys + row * kHeadDim + chunk * 8, row < valid);
    CopyAsync16(to + S::kTileBytes, values + row * kHeadDim + chunk * 8, row < valid);
  }
}

// One warp's 16 queries: rows lane / 4 and lane / 4 + 8.
template <int kHeadDim>
struct Running {
  float out[kHeadDim / 8][4];
  float max[2];
  float sum[2];
};

template <int kHeadDim>
__device__ void AttendPage(const uint32_t (&query)[kHeadDim / 16][4], uint32_t shared, int first_key, int first_query, bool masked, float scale_log2,
                           Running<kHeadDim>& r) {
  using S = Shape<kHeadDim>;
  const int lane = threadIdx.x % 32;
  float score[kPageTokens / 8][4] = {};
  const int key_row = (lane & 7) + ((lane & 16) >> 1), key_chunk = (lane & 8) >> 3;
#pragma unroll
  for (int k = 0; k < kHeadDim / 16; ++k) {
#pragma unroll
    for (int n = 0; n < kPageTokens / 16; ++n) {
      uint32_t keys[4];
      LoadMatrix4(keys, shared + Swizzled<S::kRowBytes>(n * 16 + key_row, 2 * k + key_chunk));
      MultiplyAdd(score[2 * n], query[k], keys[0], keys[1]);
      MultiplyAdd(score[2 * n + 1], query[k], keys[2], keys[3]);
    }
  }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int position = first_query + lane / 4 + 8 * half;
    float largest = r.max[half];
#pragma unroll
    for (int n = 0; n < kPageTokens / 8; ++n) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        float& s = score[n][2 * half + j];
        s = masked && first_key + n * 8 + (lane % 4) * 2 + j > position ? -INFINITY : s * scale_log2;
        largest = fmaxf(largest, s);
      }
    }
    largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, 2));
    const float shrink = exp2f(r.max[half] - largest);  // Finite: page 0 holds a key for every query, and comes first.
    r.max[half] = largest;
    r.sum[half] *= shrink;
#pragma unroll
    for (int n = 0; n < kPageTokens / 8; ++n) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        float& s = score[n][2 * half + j];
        s = exp2f(s - largest);
        r.sum[half] += s;
      }
    }
#pragma unroll
    for (int n = 0; n < kHeadDim / 8; ++n) {
      r.out[n][2 * half] *= shrink;
      r.out[n][2 * half + 1] *= shrink;
    }
  }
  const int value_row = lane & 15, value_chunk = lane >> 4;
#pragma unroll
  for (int k = 0; k < kPageTokens / 16; ++k) {
    const uint32_t weights[4] = {PackBf16(score[2 * k][0], score[2 * k][1]), PackBf16(score[2 * k][2], score[2 * k][3]),
                                 PackBf16(score[2 * k + 1][0], score[2 * k + 1][1]), PackBf16(score[2 * k + 1][2], score[2 * k + 1][3])};
#pragma unroll
    for (int n = 0; n < kHeadDim / 16; ++n) {
      uint32_t values[4];
      LoadMatrix4Transposed(values, shared + S::kTileBytes + Swizzled<S::kRowBytes>(k * 16 + value_row, 2 * n + value_chunk));
      MultiplyAdd(r.out[2 * n], weights, values[0], values[1]);
      MultiplyAdd(r.out[2 * n + 1], weights, values[2], values[3]);
    }
  }
}

template <int kHeadDim>
__global__ void __launch_bounds__(kWarps * 32) PrefillAttentionKernel(PrefillAttentionArgs args) {
  extern __shared__ __align__(128) char shared[];
  using S = Shape<kHeadDim>;
  const PrefillSpan tile = args.tiles[args.tile_count - 1 - blockIdx.y];
  const int head = blockIdx.x, kv_head = head / (args.heads / args.cache.kv_heads);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, width = args.heads + 2 * args.cache.kv_heads;
  const int32_t* table = args.tables.data + static_cast<int64_t>(tile.table) * args.tables.stride;
  const int context = tile.position + tile.count, pages = (context + kPageTokens - 1) / kPageTokens;
  const uint32_t base = SharedAddress(shared);
  LoadPage<kHeadDim>(args.cache, table[0], kv_head, context, base);
  CommitCopies();

  uint32_t query[kHeadDim / 16][4];
#pragma unroll
  for (int k = 0; k < kHeadDim / 16; ++k) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int q = warp * 16 + lane / 4 + (j % 2) * 8, column = k * 8 + lane % 4 + (j / 2) * 4;
      const uint32_t* row = reinterpret_cast<const uint32_t*>(args.qkv + (static_cast<int64_t>(tile.first_row + q) * width + head) * kHeadDim);
      query[k][j] = q < tile.count ? row[column] : 0;
    }
  }
  Running<kHeadDim> running{};
  running.max[0] = running.max[1] = -INFINITY;
  const float scale_log2 = args.scale * 1.4426950408889634f;
  const int first_query = tile.position + warp * 16;
  for (int page = 0; page < pages; ++page) {
    WaitCopies<0>();
    __syncthreads();
    if (page + 1 < pages) {
      LoadPage<kHeadDim>(args.cache, table[page + 1], kv_head, context - (page + 1) * kPageTokens, base + (page + 1) % 2 * S::kStageBytes);
    }
    CommitCopies();
    const int first_key = page * kPageTokens;
    if (first_key > first_query + 15) continue;
    AttendPage<kHeadDim>(query, base + page % 2 * S::kStageBytes, first_key, first_query, first_key + kPageTokens > first_query + 1, scale_log2, running);
  }
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    running.sum[half] += __shfl_xor_sync(kWholeWarp, running.sum[half], 1);
    running.sum[half] += __shfl_xor_sync(kWholeWarp, running.sum[half], 2);
    const int q = warp * 16 + lane / 4 + 8 * half;
    if (q >= tile.count) continue;
    const float scale = 1.0f / running.sum[half];
    uint32_t* out = reinterpret_cast<uint32_t*>(args.out + (static_cast<int64_t>(tile.first_row + q) * args.heads + head) * kHeadDim);
#pragma unroll
    for (int n = 0; n < kHeadDim / 8; ++n) out[n * 4 + lane % 4] = PackBf16(running.out[n][2 * half] * scale, running.out[n][2 * half + 1] * scale);
  }
}

template <int kHeadDim>
void Launch(const PrefillAttentionArgs& args, cudaStream_t stream) {
  constexpr int kBytes = Shape<kHeadDim>::kSharedBytes;
  // On the current device; a refusal shows at the launch.
  cudaFuncSetAttribute(PrefillAttentionKernel<kHeadDim>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  PrefillAttentionKernel<kHeadDim><<<dim3(args.heads, args.tile_count), kWarps * 32, kBytes, stream>>>(args);
}

}  // namespace

void PrefillAttention(const PrefillAttentionArgs& args, cudaStream_t stream) {
  args.cache.head_dim == 64 ? Launch<64>(args, stream) : Launch<128>(args, stream);
}

}  // namespace cohort::rollout::cuda
