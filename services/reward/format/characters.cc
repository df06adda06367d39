#include "services/reward/format/characters.h"

#include <algorithm>
#include <iterator>

#include "services/reward/format/utf8.h"

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

// What the letters of "think" and "answer", angle brackets and strokes are imitated with, outside the regular blocks below. Sorted by character.
struct Imitation {
  char32_t character;
  char ascii;
};
constexpr Imitation kImitations[] = {
    {0xAA, 'a'},    {0xAB, '<'},    {0xBB, '>'},    {0x130, 'i'},   {0x131, 'i'},   {0x138, 'k'},   {0x17F, 's'},   {0x251, 'a'},
    {0x269, 'i'},   {0x26A, 'i'},   {0x274, 'n'},   {0x280, 'r'},   {0x29C, 'h'},   {0x2B0, 'h'},   {0x2B3, 'r'},   {0x2B7, 'w'},
    {0x2C2, '<'},   {0x2C3, '>'},   {0x2E2, 's'},   {0x391, 'a'},   {0x395, 'e'},   {0x397, 'h'},   {0x399, 'i'},   {0x39A, 'k'},
    {0x39D, 'n'},   {0x3A4, 't'},   {0x3B1, 'a'},   {0x3B5, 'e'},   {0x3B7, 'n'},   {0x3B9, 'i'},   {0x3BA, 'k'},   {0x3C4, 't'},
    {0x3C9, 'w'},   {0x3F0, 'k'},   {0x404, 'e'},   {0x405, 's'},   {0x406, 'i'},   {0x410, 'a'},   {0x413, 'r'},   {0x415, 'e'},
    {0x41A, 'k'},   {0x41D, 'h'},   {0x41F, 'n'},   {0x422, 't'},   {0x428, 'w'},   {0x430, 'a'},   {0x433, 'r'},   {0x435, 'e'},
    {0x43A, 'k'},   {0x43D, 'h'},   {0x43F, 'n'},   {0x442, 't'},   {0x448, 'w'},   {0x454, 'e'},   {0x455, 's'},   {0x456, 'i'},
    {0x460, 'w'},   {0x461, 'w'},   {0x4BA, 'h'},   {0x4BB, 'h'},   {0x4BD, 'e'},   {0x4C0, 'i'},   {0x4CF, 'i'},   {0x51C, 'w'},
    {0x51D, 'w'},   {0x578, 'n'},   {0x1433, '>'},  {0x1438, '<'},  {0x16B2, '<'},  {0x1D00, 'a'},  {0x1D07, 'e'},  {0x1D0B, 'k'},
    {0x1D1B, 't'},  {0x1D21, 'w'},  {0x1D26, 'r'},  {0x1D2C, 'a'},  {0x1D31, 'e'},  {0x1D34, 'h'},  {0x1D35, 'i'},  {0x1D37, 'k'},
    {0x1D3A, 'n'},  {0x1D3F, 'r'},  {0x1D40, 't'},  {0x1D42, 'w'},  {0x1D43, 'a'},  {0x1D49, 'e'},  {0x1D4F, 'k'},  {0x1D57, 't'},
    {0x1D62, 'i'},  {0x1D63, 'r'},  {0x2039, '<'},  {0x203A, '>'},  {0x2044, '/'},  {0x2071, 'i'},  {0x207F, 'n'},  {0x2090, 'a'},
    {0x2091, 'e'},  {0x2095, 'h'},  {0x2096, 'k'},  {0x2099, 'n'},  {0x209B, 's'},  {0x209C, 't'},  {0x210B, 'h'},  {0x210C, 'h'},
    {0x210D, 'h'},  {0x210E, 'h'},  {0x210F, 'h'},  {0x2110, 'i'},  {0x2111, 'i'},  {0x2115, 'n'},  {0x211B, 'r'},  {0x211C, 'r'},
    {0x211D, 'r'},  {0x212A, 'k'},  {0x212E, 'e'},  {0x212F, 'e'},  {0x2130, 'e'},  {0x2139, 'i'},  {0x2147, 'e'},  {0x2148, 'i'},
    {0x2160, 'i'},  {0x2170, 'i'},  {0x2215, '/'},  {0x226A, '<'},  {0x226B, '>'},  {0x227A, '<'},  {0x227B, '>'},  {0x2329, '<'},
    {0x232A, '>'},  {0x2571, '/'},  {0x276C, '<'},  {0x276D, '>'},  {0x276E, '<'},  {0x276F, '>'},  {0x2770, '<'},  {0x2771, '>'},
    {0x27E8, '<'},  {0x27E9, '>'},  {0x27EA, '<'},  {0x27EB, '>'},  {0x29F8, '/'},  {0x29FC, '<'},  {0x29FD, '>'},  {0x3008, '<'},
    {0x3009, '>'},  {0x300A, '<'},  {0x300B, '>'},  {0xA731, 's'},  {0xFE3D, '<'},  {0xFE3E, '>'},  {0xFE3F, '<'},  {0xFE40, '>'},
    {0xFE64, '<'},  {0xFE65, '>'},  {0x1D236, '<'}, {0x1D237, '>'},
};

template <size_t kSize>
bool InRanges(const Range (&ranges)[kSize], char32_t c) {
  const auto* range = std::lower_bound(std::begin(ranges), std::end(ranges), c, [](const Range& r, char32_t value) { return r.last < value; });
  return range != std::end(ranges) && range->first <= c;
}

char LetterOf(char32_t offset) { return static_cast<char>('a' + offset % 26); }

// Blocks in which Unicode writes the Latin alphabet again.
char ImitatedByBlock(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) return Imitated(c - 0xFF01 + 0x21);  // Full width.
  if (c >= 0x1D400 && c <= 0x1D6A3) return LetterOf(c - 0x1D400);      // Mathematical alphabets.
  if (c == 0x1D6A4) return 'i';
  if (c >= 0x1D6A8 && c <= 0x1D7CB) {  // Mathematical Greek: 25 capitals, nabla, 25 small letters, 7 variants.
    const char32_t offset = (c - 0x1D6A8) % 58;
    if (offset < 25) return Imitated(0x391 + offset);
    return offset > 25 && offset < 51 ? Imitated(0x3B1 + offset - 26) : 0;
  }
  if (c >= 0x24B6 && c <= 0x24E9) return LetterOf(c - 0x24B6);    // Circled.
  if (c >= 0x249C && c <= 0x24B5) return LetterOf(c - 0x249C);    // Parenthesized.
  if (c >= 0x1F110 && c <= 0x1F129) return LetterOf(c - 0x1F110);
  if (c >= 0x1F130 && c <= 0x1F149) return LetterOf(c - 0x1F130);  // Squared.
  if (c >= 0x1F150 && c <= 0x1F169) return LetterOf(c - 0x1F150);  // Negative circled.
  if (c >= 0x1F170 && c <= 0x1F189) return LetterOf(c - 0x1F170);  // Negative squared.
  if (c >= 0x1F1E6 && c <= 0x1F1FF) return LetterOf(c - 0x1F1E6);  // Regional indicators.
  return 0;
}

}  // namespace

bool IsWhitespace(char32_t c) { return InRanges(kWhitespace, c); }

bool IsInvisible(char32_t c) { return c >= 0xAD && InRanges(kInvisible, c); }

bool IsBlank(std::string_view text) { return TrimWhitespace(text, {0, text.size()}).empty(); }

size_t CountVisible(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size();) {
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

char Imitated(char32_t c) {
  if (c < 0x80) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || c == '<' || c == '>' || c == '/' ? static_cast<char>(c) : 0;
  }
  const auto before = [](const Imitation& entry, char32_t value) { return entry.character < value; };
  const auto* found = std::lower_bound(std::begin(kImitations), std::end(kImitations), c, before);
  if (found != std::end(kImitations) && found->character == c) return found->ascii;
  return ImitatedByBlock(c);
}

}  // namespace cohort::reward
