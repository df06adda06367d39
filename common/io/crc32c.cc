#include "common/io/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

#include "common/io/crc32c_polynomial.h"

namespace cohort::io {
namespace {

std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) ? kCrc32cReversedPolynomial : 0);
    table[byte] = remainder;
  }
  return table;
}

uint32_t Portable(const char* data, size_t size, uint32_t state) {
  static const std::array<uint32_t, 256> table = MakeTable();
  for (size_t i = 0; i < size; ++i) state = table[(state ^ static_cast<uint8_t>(data[i])) & 0xFF] ^ (state >> 8);
  return state;
}

__attribute__((target("sse4.2"))) uint32_t Hardware(const char* data, size_t size, uint32_t state) {
  uint64_t wide = state;
  for (; size >= 8; size -= 8, data += 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<uint32_t>(wide);
  for (; size > 0; --size, ++data) state = _mm_crc32_u8(state, static_cast<uint8_t>(*data));
  return state;
}

}  // namespace

uint32_t Crc32c(absl::Span<const char> data, uint32_t crc) {
  const uint32_t state = ~crc;
  return ~(__builtin_cpu_supports("sse4.2") ? Hardware(data.data(), data.size(), state) : Portable(data.data(), data.size(), state));
}

}  // namespace cohort::io
