#include "common/hash/keyed_hash.h"

#include <bit>
#include <cstring>
#include <random>

namespace cohort::hash {

HashSecret HashSecret::Random() {
  std::random_device device;
  const auto word = [&] { return uint64_t{device()} << 32 | device(); };
  return {word(), word()};
}

KeyedHasher::KeyedHasher(HashSecret secret)
    : v0_(secret.low ^ 0x736f6d6570736575u),
      v1_(secret.high ^ 0x646f72616e646f6du ^ 0xee),
      v2_(secret.low ^ 0x6c7967656e657261u),
      v3_(secret.high ^ 0x7465646279746573u) {}

void KeyedHasher::Round() {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

void KeyedHasher::Compress(uint64_t word) {
  v3_ ^= word;
  Round();
  Round();
  v0_ ^= word;
}

void KeyedHasher::Update(std::string_view bytes) {
  total_ += static_cast<uint8_t>(bytes.size());
  while (!bytes.empty()) {
    if (pending_bytes_ == 0 && bytes.size() >= sizeof(uint64_t)) {
      uint64_t word;
      std::memcpy(&word, bytes.data(), sizeof(word));
      Compress(word);
      bytes.remove_prefix(sizeof(word));
      continue;
    }
    pending_ |= uint64_t{static_cast<unsigned char>(bytes.front())} << (8 * pending_bytes_);
    bytes.remove_prefix(1);
    if (++pending_bytes_ == sizeof(uint64_t)) {
      Compress(pending_);
      pending_ = 0;
      pending_bytes_ = 0;
    }
  }
}

void KeyedHasher::UpdatePiece(std::string_view bytes) {
  const uint64_t size = bytes.size();
  Update({reinterpret_cast<const char*>(&size), sizeof(size)});
  Update(bytes);
}

Key128 KeyedHasher::Finish() {
  Compress(pending_ | uint64_t{total_} << 56);
  Key128 key;
  v2_ ^= 0xee;
  for (int i = 0; i < 4; ++i) Round();
  key.low = v0_ ^ v1_ ^ v2_ ^ v3_;
  v1_ ^= 0xdd;
  for (int i = 0; i < 4; ++i) Round();
  key.high = v0_ ^ v1_ ^ v2_ ^ v3_;
  return key;
}

}  // namespace cohort::hash
