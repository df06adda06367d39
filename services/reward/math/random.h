#pragma once

#include <cstdint>

namespace cohort::reward::math {

// Numbers that look random to whoever does not know the key (splitmix64). Not for cryptography.
class Random {
 public:
  explicit Random(uint64_t key) : state_(key) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, n) but for a bias of at most n / 2^64; n > 0.
  uint64_t Below(uint64_t n) { return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * n) >> 64); }

 private:
  uint64_t state_;
};

}  // namespace cohort::reward::math
