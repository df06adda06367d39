#include "services/reward/math/normalize.h"

#include <algorithm>
#include <iterator>

#include "services/reward/format/utf8.h"

namespace cohort::reward::math {
namespace {

struct Rewrite {
  char32_t character;
  const char* ascii;
};

// Sorted by character.
constexpr Rewrite kRewrites[] = {
    {0xA0, " "},
    {0xBC, "\\frac{1}{4}"},
    {0xBD, "\\frac{1}{2}"},
    {0xBE, "\\frac{3}{4}"},
    {0x2002, " "},
    {0x2003, " "},
    {0x2007, " "},
    {0x2009, " "},
    {0x200A, " "},
    {0x202F, " "},
    {0x2044, "/"},
    {0x2150, "\\frac{1}{7}"},
    {0x2151, "\\frac{1}{9}"},
    {0x2152, "\\frac{1}{10}"},
    {0x2153, "\\frac{1}{3}"},
    {0x2154, "\\frac{2}{3}"},
    {0x2155, "\\frac{1}{5}"},
    {0x2156, "\\frac{2}{5}"},
    {0x2157, "\\frac{3}{5}"},
    {0x2158, "\\frac{4}{5}"},
    {0x2159, "\\frac{1}{6}"},
    {0x215A, "\\frac{5}{6}"},
    {0x215B, "\\frac{1}{8}"},
    {0x215C, "\\frac{3}{8}"},
    {0x215D, "\\frac{5}{8}"},
    {0x215E, "\\frac{7}{8}"},
    {0x2189, "\\frac{0}{3}"},
    {0x2212, "-"},
    {0x2215, "/"},
    {0x2248, "\\approx "},
    {0x3000, " "},
};
constexpr char32_t kIdeographicStop = 0x3002;
constexpr std::string_view kFullWidthSigns = "$%()+,-./=[]{}";

// The ASCII sign or digit that U+FF01..U+FF5E write in full width; letters are not among them.
char FullWidth(char32_t c) {
  if (c < 0xFF01 || c > 0xFF5E) return 0;
  const char ascii = static_cast<char>(c - 0xFF01 + 0x21);
  const bool wanted = (ascii >= '0' && ascii <= '9') || kFullWidthSigns.find(ascii) != std::string_view::npos;
  return wanted ? ascii : 0;
}

const Rewrite* FindRewrite(char32_t c) {
  const auto* found =
      std::lower_bound(std::begin(kRewrites), std::end(kRewrites), c, [](const Rewrite& entry, char32_t value) { return entry.character < value; });
  return found != std::end(kRewrites) && found->character == c ? found : nullptr;
}

bool IsPlain(char32_t c) { return (c >= 0x20 && c < 0x7F) || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::optional<std::string> NormalizeToAscii(std::string_view text) {
  std::string ascii;
  ascii.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = DecodeUtf8(text, at);
    if (c.bytes == 0) return std::nullopt;
    at += c.bytes;
    if (IsPlain(c.value)) {
      ascii += static_cast<char>(c.value);
    } else if (const char sign = FullWidth(c.value); sign != 0) {
      ascii += sign;
    } else if (const Rewrite* rewrite = FindRewrite(c.value); rewrite != nullptr) {
      ascii += rewrite->ascii;
    } else if (c.value == kIdeographicStop && at == text.size()) {
      ascii += '.';
    } else {
      return std::nullopt;
    }
  }
  return ascii;
}

}  // namespace cohort::reward::math
