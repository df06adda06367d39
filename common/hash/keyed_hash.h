#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace cohort::hash {

// 128 bits that name some content.
struct Key128 {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const Key128&, const Key128&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Key128& key) {
    return H::combine(std::move(h), key.low, key.high);
  }
};

// A secret of this process, so that nobody can make two contents that look alike to its caches.
struct HashSecret {
  uint64_t low = 0;
  uint64_t high = 0;

  static HashSecret Random();
};

// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein) over pieces of bytes; the result depends on the bytes only, not on the cuts.
class KeyedHasher {
 public:
  explicit KeyedHasher(HashSecret secret);
  void Update(std::string_view bytes);
  // With its length, so that neighbours cannot trade bytes.
  void UpdatePiece(std::string_view bytes);
  Key128 Finish();

 private:
  void Compress(uint64_t word);
  void Round();

  uint64_t v0_, v1_, v2_, v3_;
  uint64_t pending_ = 0;  // Bytes that do not fill a word yet, the first one lowest.
  int pending_bytes_ = 0;
  uint8_t total_ = 0;  // Length modulo 256.
};

}  // namespace cohort::hash
