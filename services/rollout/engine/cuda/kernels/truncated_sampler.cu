#include <cuda_runtime.h>

#include "services/rollout/engine/cuda/kernels/sampler.cuh"

// One block a row. What top_k and top_p keep is a beginning of the ids in order of logit (lower id first among equals); its end is found by looking at the
// logits' bits from the top, eight at a time: how many and how much mass lie in each bin. Masses are counted in fixed point, so that the order in which
// threads add them does not matter.
namespace cohort::rollout::cuda {
namespace {

constexpr int kThreads = 1024;
constexpr int kBins = 256;
constexpr float kFixedPoint = 1099511627776.0f;  // 2^40: the masses of 2^24 ids fit into 64 bits.

__device__ inline unsigned long long FixedPoint(float mass) { return static_cast<unsigned long long>(mass * kFixedPoint); }

// Bits that are ordered as the numbers are.
__device__ inline uint32_t OrderedBits(float x) {
  const uint32_t bits = __float_as_uint(x + 0.0f);  // One zero.
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Inclusive scan over the block in the order of threads; `values` holds kThreads elements.
template <typename T>
__device__ T BlockScan(T value, T* values) {
  const int t = threadIdx.x;
  values[t] = value;
  __syncthreads();
  for (int step = 1; step < kThreads; step *= 2) {
    const T other = t >= step ? values[t - step] : T{0};
    __syncthreads();
    values[t] += other;
    __syncthreads();
  }
  return values[t];
}

// The last id that is kept, by logit and rank among those of the same logit.
struct Cut {
  uint32_t bits = 0;       // Of the smallest logit that is kept.
  int equal = INT32_MAX;   // Ids with this logit that are kept, lowest first.
};

__device__ Cut FindCut(const float* logits, int vocab, const DecodeRow& row, float largest, float inverse, unsigned long long total) {
  __shared__ int counts[kBins];
  __shared__ unsigned long long masses[kBins];
  __shared__ uint32_t prefix;
  __shared__ int count_left, equal;
  __shared__ unsigned long long mass_left;
  __shared__ bool cut;
  if (threadIdx.x == 0) {
    prefix = 0;
    count_left = row.top_k > 0 ? row.top_k : INT32_MAX;
    const auto wanted = static_cast<unsigned long long>(static_cast<double>(row.top_p) * static_cast<double>(total));
    mass_left = row.top_p > 0 && row.top_p < 1 ? max(wanted, 1ull) : ~0ull;
    cut = true;
  }
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (int b = threadIdx.x; b < kBins; b += kThreads) counts[b] = 0, masses[b] = 0;
    __syncthreads();
    const uint32_t high = shift == 24 ? 0u : ~0u << (shift + 8);
    for (int i = threadIdx.x; i < vocab; i += kThreads) {
      const uint32_t bits = OrderedBits(logits[i]);
      if ((bits & high) != prefix) continue;
      const int bin = bits >> shift & (kBins - 1);
      atomicAdd(&counts[bin], 1);
      atomicAdd(&masses[bin], FixedPoint(Mass(logits[i], largest, inverse)));
    }
    __syncthreads();
    if (threadIdx.x == 0 && cut) {
      int bin = kBins - 1;
      for (; bin >= 0 && counts[bin] < count_left && masses[bin] < mass_left; --bin) {
        count_left -= counts[bin];
        if (mass_left != ~0ull) mass_left -= masses[bin];
      }
      cut = bin >= 0;  // Else there are fewer ids and less mass than may be kept.
      if (cut) prefix |= static_cast<uint32_t>(bin) << shift;
      if (cut && shift == 0) {
        const unsigned long long one = max(masses[bin] / static_cast<unsigned>(counts[bin]), 1ull);
        const unsigned long long by_mass = mass_left == ~0ull ? INT32_MAX : max((mass_left + one - 1) / one, 1ull);
        equal = static_cast<int>(min(static_cast<unsigned long long>(count_left), by_mass));
      }
    }
    __syncthreads();
    if (!cut) return {};
  }
  return {prefix, equal};
}

__global__ void __launch_bounds__(kThreads) TruncatedKernel(SampleArgs args) {
  __shared__ float scratch[32];
  __shared__ unsigned long long fixed_total;
  __shared__ int ranks[kThreads];
  __shared__ double sums[kThreads];
  __shared__ int owner;
  const int r = blockIdx.x;
  const DecodeRow row = args.rows[r];
  if (row.position < 0 || row.truncates == 0 || row.temperature == 0) return;
  const float* logits = args.logits + static_cast<int64_t>(r) * args.vocab;
  const float inverse = 1.0f / row.temperature;

  float largest = -INFINITY, nonsense = 0;
  for (int i = threadIdx.x; i < args.vocab; i += kThreads) {
    largest = fmaxf(largest, logits[i]);
    if (isnan(logits[i])) nonsense = 1;
  }
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) largest = fmaxf(largest, __shfl_xor_sync(kWholeWarp, largest, lane));
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = largest;
  if (threadIdx.x == 0) fixed_total = 0, owner = kThreads;
  __syncthreads();
  for (int w = 0; w < kThreads / 32; ++w) largest = fmaxf(largest, scratch[w]);
  __syncthreads();
  nonsense = BlockSum(nonsense, scratch);
  if (nonsense > 0 || !isfinite(largest)) {
    if (threadIdx.x == 0) Refuse(args, r);
    return;
  }
  unsigned long long mine = 0;
  for (int i = threadIdx.x; i < args.vocab; i += kThreads) mine += FixedPoint(Mass(logits[i], largest, inverse));
  atomicAdd(&fixed_total, mine);
  __syncthreads();
  const Cut cut = FindCut(logits, args.vocab, row, largest, inverse, fixed_total);

  // Every thread looks at consecutive ids, so that ranks and sums go by id.
  const int share = (args.vocab + kThreads - 1) / kThreads;
  const int begin = min(static_cast<int>(threadIdx.x) * share, args.vocab), end = min(begin + share, args.vocab);
  int equal = 0;
  for (int i = begin; i < end; ++i) equal += OrderedBits(logits[i]) == cut.bits;
  const int first_rank = BlockScan(equal, ranks) - equal;
  // Calls `take(id, mass)` for the kept ids of this thread until it returns true.
  const auto walk = [&](auto&& take) {
    int rank = first_rank;
    for (int i = begin; i < end; ++i) {
      const uint32_t bits = OrderedBits(logits[i]);
      if (bits < cut.bits || (bits == cut.bits && rank++ >= cut.equal)) continue;
      const float mass = Mass(logits[i], largest, inverse);
      if (mass > 0 && mass >= row.min_p && take(i, mass)) return;
    }
  };
  double sum = 0;
  walk([&](int, float mass) { return sum += mass, false; });
  const double through = BlockScan(sum, sums);
  const double total = sums[kThreads - 1], target = static_cast<double>(SamplingUniform(row)) * total;
  if (sum > 0 && through > target) atomicMin(&owner, static_cast<int>(threadIdx.x));
  __syncthreads();
  if (threadIdx.x != owner) return;
  double before = through - sum;
  int token = -1;
  walk([&](int id, float mass) {
    token = id;
    before += mass;
    return before > target;
  });
  Advance(args, r, token, (logits[token] - largest) * inverse - static_cast<float>(log(total)));
}

}  // namespace

void SampleTruncatedRows(const SampleArgs& args, cudaStream_t stream) { TruncatedKernel<<<args.count, kThreads, 0, stream>>>(args); }

}  // namespace cohort::rollout::cuda
