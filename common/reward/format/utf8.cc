#include "common/reward/format/utf8.h"

#include <cstdint>
#include <cstring>

namespace cohort::reward {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080u;

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

bool IsBidiControl(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

bool IsForbiddenControl(unsigned char c) { return c < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

// Whether none of eight ASCII bytes is below 0x20. May say no for bytes that are fine; never says yes wrongly.
bool AllPrintable(uint64_t eight) { return ((eight - 0x2020202020202020u) & kHighBits) == 0; }

}  // namespace

CodePoint DecodeUtf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned char { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2) return {};
  if (lead < 0xE0) {
    if (!IsContinuation(byte(1))) return {};
    return {static_cast<char32_t>((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  }
  if (!IsContinuation(byte(1)) || !IsContinuation(byte(2))) return {};
  if (lead < 0xF0) {
    const char32_t value = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    if (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF)) return {};
    return {value, 3};
  }
  if (lead > 0xF4 || !IsContinuation(byte(3))) return {};
  const char32_t value = (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  if (value < 0x10000 || value > 0x10FFFF) return {};
  return {value, 4};
}

bool IsCleanText(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t eight;
    if (at + sizeof(eight) <= text.size()) {
      std::memcpy(&eight, text.data() + at, sizeof(eight));
      if ((eight & kHighBits) == 0 && AllPrintable(eight)) {
        at += sizeof(eight);
        continue;
      }
    }
    const CodePoint c = DecodeUtf8(text, at);
    if (c.bytes == 0 || IsBidiControl(c.value)) return false;
    if (c.bytes == 1 && IsForbiddenControl(static_cast<unsigned char>(c.value))) return false;
    at += c.bytes;
  }
  return true;
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = DecodeUtf8(text, at);
    if (c.bytes == 0) {
      valid += '?';
      ++at;
    } else {
      valid.append(text, at, static_cast<size_t>(c.bytes));
      at += static_cast<size_t>(c.bytes);
    }
  }
  return valid;
}

}  // namespace cohort::reward
