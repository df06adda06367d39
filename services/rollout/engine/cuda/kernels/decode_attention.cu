#include <cuda_runtime.h>

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "services/rollout/engine/cuda/kernels/launch.cuh"
#include "services/rollout/engine/cuda/kernels/warp.cuh"

// Memory-bound: the keys and values of a context are read once for all query heads that share them. Four warps of a block walk over the context in chunks
// of 16 positions, each warp with a pipeline of its own, so that nobody waits for a barrier until the end. The (at most 16) query heads are the rows of a
// 16-row tensor-core tile; a warp keeps maximum, sum and weighted values of its chunks, and the four are merged in shared memory.
namespace cohort::rollout::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kChunk = 16;   // Positions.
constexpr int kStages = 3;   // Chunks of a warp in shared memory.
constexpr int kHeadTile = 16;

template <int kHeadDim>
struct Shape {
  static constexpr int kRowBytes = kHeadDim * 2;
  static constexpr int kTileBytes = kChunk * kRowBytes;               // Keys or values of a chunk.
  static constexpr int kWarpBytes = kStages * 2 * kTileBytes;
  static constexpr int kSharedBytes = kWarps * kWarpBytes;
  static constexpr int kMergeBytes = kWarps * kHeadTile * (kHeadDim + 2) * 4;
  static_assert(kMergeBytes <= kSharedBytes, "the merge uses the pipeline's memory");
  static constexpr int kBlocksPerProcessor = kHeadDim == 64 ? 4 : 2;
};

// Loads one chunk of keys and values; positions at or beyond `end` become zeros.
template <int kHeadDim>
__device__ void LoadChunk(const PagedCache& cache, const int32_t* table, int kv_head, int begin, int end, uint32_t shared) {
  using S = Shape<kHeadDim>;
  constexpr int kChunksPerRow = S::kRowBytes / 16, kPerLane = kChunk * kChunksPerRow / 32;
  const int lane = threadIdx.x % 32;
  if (begin < end) {
    const int64_t page = table[begin / kPageTokens];
    const __nv_bfloat16* keys = cache.data + ((page * 2 * cache.kv_heads + kv_head) * kPageTokens + begin % kPageTokens) * kHeadDim;
    const __nv_bfloat16* values = keys + static_cast<int64_t>(cache.kv_heads) * kPageTokens * kHeadDim;
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) {
      const int piece = lane + 32 * i, row = piece / kChunksPerRow, chunk = piece % kChunksPerRow;
      const bool valid = begin + row < end;
      const uint32_t to = shared + Swizzled<S::kRowBytes>(row, chunk);
      CopyAsync16(to, keys + row * kHeadDim + chunk * 8, valid);
      CopyAsync16(to + S::kTileBytes, values + row * kHeadDim + chunk * 8, valid);
    }
  }
  CommitCopies();
}

// One warp's running result for the 16 query heads: rows lane / 4 and lane / 4 + 8.
template <int kHeadDim>
struct Running {
  float out[kHeadDim / 8][4];
  float max[2] = {-INFINITY, -INFINITY};
  float sum[2] = {0, 0};  // Of this lane's columns.
};

template <int kHeadDim, bool kUpper>
__device__ void AttendChunk(const uint32_t (&query)[kHeadDim / 16][4], uint32_t shared, int begin, int end, float scale_log2, Running<kHeadDim>& r) {
  using S = Shape<kHeadDim>;
  const int lane = threadIdx.x % 32;
  // Scores: 16 heads × 16 positions, as two tiles of eight positions.
  float score[2][4] = {};
  const int key_row = (lane & 7) + ((lane & 16) >> 1), key_chunk = (lane & 8) >> 3;
#pragma unroll
  for (int k = 0; k < kHeadDim / 16; ++k) {
    uint32_t keys[4];
    LoadMatrix4(keys, shared + Swizzled<S::kRowBytes>(key_row, 2 * k + key_chunk));
    MultiplyAdd(score[0], query[k], keys[0], keys[1]);
    MultiplyAdd(score[1], query[k], keys[2], keys[3]);
  }
  uint32_t weights[4];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    if (half == 1 && !kUpper) {
      weights[1] = weights[3] = 0;
      break;
    }
    float s[4] = {score[0][2 * half], score[0][2 * half + 1], score[1][2 * half], score[1][2 * half + 1]};
    float largest = r.max[half];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int position = begin + (j / 2) * 8 + (lane % 4) * 2 + j % 2;
      s[j] = position < end ? s[j] * scale_log2 : -INFINITY;
      largest = fmaxf(largest, s[j]);
    }
    largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, 2));
    const float shrink = exp2f(r.max[half] - largest);  // The first position of a chunk is always valid, so `largest` is finite.
    r.max[half] = largest;
    r.sum[half] *= shrink;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      s[j] = exp2f(s[j] - largest);
      r.sum[half] += s[j];
    }
    weights[half] = PackBf16(s[0], s[1]);
    weights[2 + half] = PackBf16(s[2], s[3]);
#pragma unroll
    for (int n = 0; n < kHeadDim / 8; ++n) {
      r.out[n][2 * half] *= shrink;
      r.out[n][2 * half + 1] *= shrink;
    }
  }
  const uint32_t values_at = shared + S::kTileBytes;
  const int value_row = lane & 15, value_chunk = lane >> 4;
#pragma unroll
  for (int n = 0; n < kHeadDim / 16; ++n) {
    uint32_t values[4];
    LoadMatrix4Transposed(values, values_at + Swizzled<S::kRowBytes>(value_row, 2 * n + value_chunk));
    MultiplyAdd(r.out[2 * n], weights, values[0], values[1]);
    MultiplyAdd(r.out[2 * n + 1], weights, values[2], values[3]);
  }
}

// Leaves a warp's result in shared memory: [head][head_dim] weighted values, then maximum, then sum of each head.
template <int kHeadDim>
__device__ void StoreRunning(Running<kHeadDim>& r, float* out) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int head = lane / 4 + 8 * half;
    r.sum[half] += __shfl_xor_sync(kWholeWarp, r.sum[half], 1);
    r.sum[half] += __shfl_xor_sync(kWholeWarp, r.sum[half], 2);
    float* row = out + head * (kHeadDim + 2);
#pragma unroll
    for (int n = 0; n < kHeadDim / 8; ++n) {
      row[n * 8 + (lane % 4) * 2] = r.out[n][2 * half];
      row[n * 8 + (lane % 4) * 2 + 1] = r.out[n][2 * half + 1];
    }
    if (lane % 4 == 0) {
      row[kHeadDim] = r.max[half];
      row[kHeadDim + 1] = r.sum[half];
    }
  }
}

// Merges `count` results (weighted values, maximum in log2 units, sum) that lie `stride` floats apart; element `i` of the head.
struct Merged {
  float value, max, sum;
};
template <int kHeadDim>
__device__ Merged Merge(const float* results, int count, int64_t stride, int i) {
  Merged m{0, -INFINITY, 0};
  for (int c = 0; c < count; ++c) m.max = fmaxf(m.max, __ldcg(results + c * stride + kHeadDim));
  for (int c = 0; c < count; ++c) {
    const float* one = results + c * stride;
    const float factor = exp2f(__ldcg(one + kHeadDim) - m.max);
    m.value += factor * __ldcg(one + i);
    m.sum += factor * __ldcg(one + kHeadDim + 1);
  }
  return m;
}

template <int kHeadDim>
__device__ Merged MergeShared(const float* results, int i) {
  constexpr int kStride = kHeadTile * (kHeadDim + 2);
  Merged m{0, -INFINITY, 0};
#pragma unroll
  for (int w = 0; w < kWarps; ++w) m.max = fmaxf(m.max, results[w * kStride + kHeadDim]);
#pragma unroll
  for (int w = 0; w < kWarps; ++w) {
    const float* one = results + w * kStride;
    const float factor = exp2f(one[kHeadDim] - m.max);
    m.value += factor * one[i];
    m.sum += factor * one[kHeadDim + 1];
  }
  return m;
}

// One piece of one row's context for one set of query heads.
template <int kHeadDim, bool kUpper>
__device__ void AttendPiece(const DecodeAttentionArgs& args, int split, int row, int piece, int group, int groups, char* shared, bool* last) {
  using S = Shape<kHeadDim>;
  const int ratio = args.heads / args.cache.kv_heads, tiles = groups / args.cache.kv_heads;
  const int kv_head = group / tiles, first_head = kv_head * ratio + group % tiles * kHeadTile;
  const int heads = min(kHeadTile, ratio - group % tiles * kHeadTile);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int context = args.rows[row].position + 1;
  const int begin = piece * split, end = min(context, begin + split), pieces = (context + split - 1) / split;
  const int32_t* table = args.tables.data + static_cast<int64_t>(row) * args.tables.stride;
  const uint32_t pipeline = SharedAddress(shared) + warp * S::kWarpBytes;
  const auto chunk_begin = [&](int i) { return begin + (warp + i * kWarps) * kChunk; };

#pragma unroll
  for (int stage = 0; stage < kStages - 1; ++stage) {
    LoadChunk<kHeadDim>(args.cache, table, kv_head, chunk_begin(stage), end, pipeline + stage * 2 * S::kTileBytes);
  }
  // The query heads, straight into the fragments of the products' left side.
  uint32_t query[kHeadDim / 16][4];
  const uint32_t* from = reinterpret_cast<const uint32_t*>(
      args.qkv + (static_cast<int64_t>(row) * (args.heads + 2 * args.cache.kv_heads) + first_head) * kHeadDim);
#pragma unroll
  for (int k = 0; k < kHeadDim / 16; ++k) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int head = lane / 4 + (j % 2) * 8, column = k * 8 + lane % 4 + (j / 2) * 4;
      query[k][j] = head < heads && (kUpper || j % 2 == 0) ? from[head * (kHeadDim / 2) + column] : 0;
    }
  }
  const float scale_log2 = args.scale * 1.4426950408889634f;
  Running<kHeadDim> running{};
  running.max[0] = running.max[1] = -INFINITY;
  int stage = 0;
  for (int i = 0; chunk_begin(i) < end; ++i) {
    WaitCopies<kStages - 2>();
    __syncwarp();
    const int next = stage == 0 ? kStages - 1 : stage - 1;
    LoadChunk<kHeadDim>(args.cache, table, kv_head, chunk_begin(i + kStages - 1), end, pipeline + next * 2 * S::kTileBytes);
    AttendChunk<kHeadDim, kUpper>(query, pipeline + stage * 2 * S::kTileBytes, chunk_begin(i), end, scale_log2, running);
    stage = stage == kStages - 1 ? 0 : stage + 1;
  }
  WaitCopies<0>();
  __syncthreads();
  float* results = reinterpret_cast<float*>(shared);
  StoreRunning<kHeadDim>(running, results + warp * kHeadTile * (kHeadDim + 2));
  __syncthreads();

  const int64_t partial_stride = kHeadDim + 2;
  float* partial = args.partial + (static_cast<int64_t>(row) * args.heads + first_head) * args.max_pieces * partial_stride;
  __nv_bfloat16* out = args.out + (static_cast<int64_t>(row) * args.heads + first_head) * kHeadDim;
  for (int e = threadIdx.x; e < heads * kHeadDim; e += kWarps * 32) {
    const int head = e / kHeadDim, i = e % kHeadDim;
    const Merged m = MergeShared<kHeadDim>(results + head * (kHeadDim + 2), i);
    if (pieces == 1) {
      out[e] = __float2bfloat16_rn(m.value / m.sum);
    } else {
      float* to = partial + (static_cast<int64_t>(head) * args.max_pieces + piece) * partial_stride;
      to[i] = m.value;
      if (i == 0) {
        to[kHeadDim] = m.max;
        to[kHeadDim + 1] = m.sum;
      }
    }
  }
  if (pieces > 1) {
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
      int32_t* arrived = args.arrived + static_cast<int64_t>(row) * groups + group;
      *last = atomicAdd(arrived, 1) == pieces - 1;
      if (*last) *arrived = 0;
    }
    __syncthreads();
    if (*last) {
      __threadfence();
      for (int e = threadIdx.x; e < heads * kHeadDim; e += kWarps * 32) {
        const float* head_results = partial + static_cast<int64_t>(e / kHeadDim) * args.max_pieces * partial_stride;
        const Merged m = Merge<kHeadDim>(head_results, pieces, partial_stride, e % kHeadDim);
        out[e] = __float2bfloat16_rn(m.value / m.sum);
      }
    }
  }
  __syncthreads();  // The next piece uses the same shared memory.
}

template <int kHeadDim, bool kUpper>
__global__ void __launch_bounds__(kWarps * 32, Shape<kHeadDim>::kBlocksPerProcessor) DecodeAttentionKernel(DecodeAttentionArgs args, int groups) {
  extern __shared__ __align__(128) char shared[];
  __shared__ bool last;
  WaitForPrevious();
  AllowNext();
  const int work = *args.plan.count * groups, split = *args.plan.split_tokens;
  for (int w = blockIdx.x; w < work; w += gridDim.x) {
    const int2 item = args.plan.items[w / groups];
    AttendPiece<kHeadDim, kUpper>(args, split, item.x, item.y, w % groups, groups, shared, &last);
  }
}

// `share`: pieces of this part of all positions keep the blocks that run side by side equally busy.
__global__ void __launch_bounds__(1024) PlanKernel(const DecodeRow* rows, int count, AttentionPlan plan, float share) {
  // Items before this row's, whole pieces and remainders apart: an inclusive scan of both counts.
  __shared__ int whole_before[1024], rest_before[1024];
  __shared__ float scratch[32];
  WaitForPrevious();
  AllowNext();
  const int row = threadIdx.x;
  const int context = row < count ? rows[row].position + 1 : 0;
  const int fair = static_cast<int>(share * BlockSum(static_cast<float>(context), scratch));
  const int split = max(plan.finest_split, (fair + kPageTokens - 1) / kPageTokens * kPageTokens);
  const int whole = context / split, rest = context % split > 0 ? 1 : 0;
  whole_before[row] = whole;
  rest_before[row] = rest;
  __syncthreads();
  for (int step = 1; step < blockDim.x; step *= 2) {
    const int w = row >= step ? whole_before[row - step] : 0, r = row >= step ? rest_before[row - step] : 0;
    __syncthreads();
    whole_before[row] += w;
    rest_before[row] += r;
    __syncthreads();
  }
  const int all_whole = whole_before[blockDim.x - 1];
  for (int piece = 0; piece < whole; ++piece) plan.items[whole_before[row] - whole + piece] = {row, piece};
  if (rest > 0) plan.items[all_whole + rest_before[row] - 1] = {row, whole};
  if (row == 0) {
    *plan.count = all_whole + rest_before[blockDim.x - 1];
    *plan.split_tokens = split;
  }
}

template <int kHeadDim, bool kUpper>
void Launch(const DecodeAttentionArgs& args, cudaStream_t stream) {
  using S = Shape<kHeadDim>;
  // On the current device; a refusal shows at the launch.
  cudaFuncSetAttribute(DecodeAttentionKernel<kHeadDim, kUpper>, cudaFuncAttributeMaxDynamicSharedMemorySize, S::kSharedBytes);
  const int groups = DecodeAttentionGroups(args.heads, args.cache.kv_heads);
  const int64_t most = static_cast<int64_t>(args.count) * args.max_pieces * groups;
  const int grid = static_cast<int>(min(most, static_cast<int64_t>(args.multiprocessors * S::kBlocksPerProcessor)));
  LaunchAfter(DecodeAttentionKernel<kHeadDim, kUpper>, grid, kWarps * 32, S::kSharedBytes, stream, args, groups);
}

}  // namespace

int DecodeAttentionGroups(int heads, int kv_heads) { return kv_heads * ((heads / kv_heads + kHeadTile - 1) / kHeadTile); }

void PlanDecodeAttention(const DecodeAttentionArgs& args, cudaStream_t stream) {
  const int per_processor = args.cache.head_dim == 64 ? Shape<64>::kBlocksPerProcessor : Shape<128>::kBlocksPerProcessor;
  // A little more than the fair share, so that contexts of about one length are not cut.
  const float share = 1.25f * DecodeAttentionGroups(args.heads, args.cache.kv_heads) / static_cast<float>(args.multiprocessors * per_processor);
  LaunchAfter(PlanKernel, 1, (args.count + 31) / 32 * 32, 0, stream, args.rows, args.count, args.plan, share);
}

void DecodeAttention(const DecodeAttentionArgs& args, cudaStream_t stream) {
  const bool upper = args.heads / args.cache.kv_heads > 8;
  if (args.cache.head_dim == 64) {
    upper ? Launch<64, true>(args, stream) : Launch<64, false>(args, stream);
  } else {
    upper ? Launch<128, true>(args, stream) : Launch<128, false>(args, stream);
  }
}

}  // namespace cohort::rollout::cuda
