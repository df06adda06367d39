#include "common/reward/format/characters.h"

#include <algorithm>
#include <iterator>

#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr Range kWhitespace[] = {
    {0x09, 0x0D}, {0x20, 0x20}, {0x85, 0x85}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
    {0x205F, 0x205F}, {0x3000, 0x3000},
};

constexpr Range kInvisible[] = {
    {0xAD, 0xAD},       {0x300, 0x36F},     {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
    {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},   {0x200B, 0x200F},   {0x202A, 0x202E},   {0x2060, 0x206F},   {0x20D0, 0x20FF},
    {0x2800, 0x2800},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFE20, 0xFE2F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF9, 0xFFFB},   {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

template <size_t kSize>
bool InRanges(const Range (&ranges)[kSize], char32_t c) {
  const auto* range = std::lower_bound(std::begin(ranges), std::end(ranges), c, [](const Range& r, char32_t value) { return r.last < value; });
  return range != std::end(ranges) && range->first <= c;
}

}  // namespace

bool IsWhitespace(char32_t c) { return c < 0x80 ? c == ' ' || (c >= 0x09 && c <= 0x0D) : InRanges(kWhitespace, c); }

bool IsInvisible(char32_t c) { return c >= 0xAD && InRanges(kInvisible, c); }

bool IsBlank(std::string_view text) { return TrimWhitespace(text, {0, text.size()}).empty(); }

size_t CountVisible(std::string_view text, size_t enough) {
  size_t count = 0;
  for (size_t at = 0; at < text.size() && count < enough;) {
    const CodePoint c = DecodeUtf8(text, at);
    if (c.bytes == 0) return count;
    if (!IsWhitespace(c.value) && !IsInvisible(c.value)) ++count;
    at += c.bytes;
  }
  return count;
}

Span TrimWhitespace(std::string_view text, Span span) {
  while (!span.empty()) {
    const CodePoint c = DecodeUtf8(text, span.begin);
    if (c.bytes == 0 || !IsWhitespace(c.value) || c.bytes > span.size()) break;
    span.begin += c.bytes;
  }
  while (!span.empty()) {
    size_t last = span.end - 1;
    while (last > span.begin && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    const CodePoint c = DecodeUtf8(text, last);
    if (c.bytes == 0 || last + c.bytes != span.end || !IsWhitespace(c.value)) break;
    span.end = last;
  }
  return span;
}

}  // namespace cohort::reward
