#include "common/cuda/crc32c_kernel.h"
#include "common/io/crc32c_polynomial.h"

namespace cohort::cuda {
namespace {

// The state of a CRC is linear in the data: word j of n counts as word · x^(32 · (n - j)). So every thread goes through the data in strides of the whole
// grid, with a state for each of the four words that it reads at a time, multiplied by x^stride between two of them: four look-ups in tables that all
// threads share. In the end each state is multiplied by what its place lacks, and they are added.
constexpr int kThreads = 256;
constexpr int kBlocks = 1024;
constexpr int64_t kGrid = int64_t{kThreads} * kBlocks;
constexpr uint64_t kStrideBits = 128 * kGrid;
constexpr int kPlaceBits = 26;  // The grid's words times 32 bits are 2^25.

struct Powers {
  uint32_t stride;                // x^kStrideBits
  uint32_t of_two[kPlaceBits];    // x^(2^i)
};

Powers MakePowers() {
  Powers powers;
  powers.stride = io::Crc32cPower(kStrideBits);
  for (int i = 0; i < kPlaceBits; ++i) powers.of_two[i] = io::Crc32cPower(uint64_t{1} << i);
  return powers;
}

__device__ uint32_t Shift(const uint32_t (&tables)[4][256], uint32_t state) {
  return tables[0][state & 0xFF] ^ tables[1][state >> 8 & 0xFF] ^ tables[2][state >> 16 & 0xFF] ^ tables[3][state >> 24];
}

__device__ uint32_t MoveTo(const Powers& powers, uint32_t state, uint32_t bits) {
  for (int i = 0; i < kPlaceBits; ++i) {
    if ((bits >> i & 1) != 0) state = io::Crc32cMultiply(state, powers.of_two[i]);
  }
  return state;
}

__global__ void __launch_bounds__(kThreads) StateKernel(const uint4* data, int64_t vectors, const Powers powers, uint32_t* sum) {
  __shared__ uint32_t tables[4][256];
  for (int k = 0; k < 4; ++k) tables[k][threadIdx.x] = io::Crc32cMultiply(threadIdx.x << (8 * k), powers.stride);
  __syncthreads();
  uint32_t states[4] = {0, 0, 0, 0};
  int64_t v = int64_t{blockIdx.x} * kThreads + threadIdx.x, last = -1;
  for (; v < vectors; v += kGrid) {
    const uint4 words = data[v];
    states[0] = Shift(tables, states[0]) ^ words.x;
    states[1] = Shift(tables, states[1]) ^ words.y;
    states[2] = Shift(tables, states[2]) ^ words.z;
    states[3] = Shift(tables, states[3]) ^ words.w;
    last = v;
  }
  uint32_t state = 0;
  if (last >= 0) {
    const auto behind = static_cast<uint32_t>(4 * (vectors - last));  // Words from the last one's first on; at most four times the grid.
    for (int c = 0; c < 4; ++c) state ^= MoveTo(powers, states[c], 32 * (behind - c));
  }
  for (int lane = 16; lane > 0; lane /= 2) state ^= __shfl_xor_sync(0xFFFFFFFF, state, lane);
  if (threadIdx.x % 32 == 0) atomicXor(sum, state);
}

}  // namespace

void EnqueueCrc32cState(const void* data, int64_t vectors, uint32_t* sum, cudaStream_t stream) {
  static const Powers powers = MakePowers();
  StateKernel<<<kBlocks, kThreads, 0, stream>>>(static_cast<const uint4*>(data), vectors, powers, sum);
}

}  // namespace cohort::cuda
