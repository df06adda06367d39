#pragma once

#include <array>
#include <cstdint>

namespace cohort::random {

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a pure function from (key, counter) to 128 random bits.
// Whoever knows the key and the counter gets the same bits, on any machine and in any order, which is what elastic determinism rests on.
inline std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// Uniform in [0, 1) with 24 bits, exact in fp32.
inline float ToUnitFloat(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

// Uniform in [0, 1) with 53 bits.
inline double ToUnitDouble(uint32_t high, uint32_t low) { return static_cast<double>((uint64_t{high} << 21) | (low >> 11)) * 0x1p-53; }

// The place of one sampled token in a run; with the seed it decides the token's random number.
struct SampleKey {
  uint64_t seed = 0;
  int64_t step = 0;
  int64_t slot = 0;
  int32_t sample = 0;
  int32_t position = 0;  // Index in the completion, from 0.
};

// The random number in [0, 1) that draws the token at `key`.
inline float SamplingUniform(const SampleKey& key) {
  const auto bits = Philox4x32({static_cast<uint32_t>(key.step), static_cast<uint32_t>(key.slot), static_cast<uint32_t>(key.sample),
                                static_cast<uint32_t>(key.position)},
                               {static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)});
  return ToUnitFloat(bits[0]);
}

// A sequence of random numbers for schedules, initialisation and synthetic data: stream `stream` of `seed`. Not thread-safe; cheap to copy.
class Stream {
 public:
  Stream(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}

  uint32_t NextBits() {
    if (used_ == 4) {
      block_ = Philox4x32({static_cast<uint32_t>(index_), static_cast<uint32_t>(index_ >> 32), static_cast<uint32_t>(stream_),
                           static_cast<uint32_t>(stream_ >> 32)},
                          {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)});
      ++index_;
      used_ = 0;
    }
    return block_[used_++];
  }

  // Uniform in [0, 1).
  double NextDouble() {
    const uint32_t high = NextBits();
    return ToUnitDouble(high, NextBits());
  }

  // Uniform in [0, bound), without bias (rejection). `bound` is at least 1.
  uint32_t NextBelow(uint32_t bound) {
    const uint32_t threshold = static_cast<uint32_t>(-bound) % bound;
    for (;;) {
      const uint64_t product = uint64_t{NextBits()} * bound;
      if (static_cast<uint32_t>(product) >= threshold) return static_cast<uint32_t>(product >> 32);
    }
  }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t index_ = 0;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace cohort::random
