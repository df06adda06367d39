#include "services/reward/math/unicode.h"

#include <algorithm>
#include <iterator>

#include "common/reward/format/utf8.h"

namespace cohort::reward::math {
namespace {

struct Rewrite {
  char32_t character;
  const char* latex;
};

// Sorted by character. Superscripts and subscripts are not here: runs of them become one group.
constexpr Rewrite kRewrites[] = {
    {0xA0, "~"}, {0xA2, "\\text{ cents}"}, {0xA3, "\\pounds "}, {0xA5, "\\yen "}, {0xAC, "\\neg "}, {0xB0, "^\\circ "}, {0xB1, "\\pm "}, {0xB5, "\\mu "}, {0xB7, "\\cdot "}, {0xBA, "^\\circ "},
    {0xBC, "\\frac{1}{4}"}, {0xBD, "\\frac{1}{2}"}, {0xBE, "\\frac{3}{4}"}, {0xD7, "\\times "}, {0xF7, "\\div "},
    {0x2DA, "^\\circ "}, {0x391, "\\Alpha "}, {0x392, "\\Beta "}, {0x393, "\\Gamma "}, {0x394, "\\Delta "}, {0x398, "\\Theta "}, {0x39B, "\\Lambda "}, {0x39E, "\\Xi "},
    {0x3A0, "\\Pi "}, {0x3A3, "\\Sigma "}, {0x3A6, "\\Phi "}, {0x3A8, "\\Psi "}, {0x3A9, "\\Omega "},
    {0x3B1, "\\alpha "}, {0x3B2, "\\beta "}, {0x3B3, "\\gamma "}, {0x3B4, "\\delta "}, {0x3B5, "\\epsilon "}, {0x3B6, "\\zeta "}, {0x3B7, "\\eta "},
    {0x3B8, "\\theta "}, {0x3B9, "\\iota "}, {0x3BA, "\\kappa "}, {0x3BB, "\\lambda "}, {0x3BC, "\\mu "}, {0x3BD, "\\nu "}, {0x3BE, "\\xi "},
    {0x3C0, "\\pi "}, {0x3C1, "\\rho "}, {0x3C3, "\\sigma "}, {0x3C4, "\\tau "}, {0x3C5, "\\upsilon "}, {0x3C6, "\\phi "}, {0x3C7, "\\chi "},
    {0x3C8, "\\psi "}, {0x3C9, "\\omega "}, {0x3D5, "\\phi "}, {0x3F5, "\\epsilon "},
    {0x1D40, "^\\top "}, {0x2002, " "}, {0x2003, " "}, {0x2004, " "}, {0x2005, " "}, {0x2007, "~"}, {0x2009, "~"}, {0x200A, " "}, {0x2010, "-"}, {0x2011, "-"}, {0x2012, "-"},
    {0x2013, "-"}, {0x2014, "-"}, {0x2016, "\\| "}, {0x2018, "'"}, {0x2019, "'"}, {0x201C, "\""}, {0x201D, "\""}, {0x2026, "\\dots "}, {0x202F, "~"},
    {0x2032, "'"}, {0x2033, "''"}, {0x2044, "/"}, {0x20AC, "\\euro "}, {0x2102, "\\mathbb{C}"}, {0x2103, "^\\circ \\text{C}"}, {0x2109, "^\\circ \\text{F}"},
    {0x210E, "h"}, {0x2115, "\\mathbb{N}"}, {0x211A, "\\mathbb{Q}"}, {0x211D, "\\mathbb{R}"}, {0x2124, "\\mathbb{Z}"}, {0x212F, "e"}, {0x2147, "e"},
    {0x2148, "i"}, {0x2150, "\\frac{1}{7}"}, {0x2151, "\\frac{1}{9}"}, {0x2152, "\\frac{1}{10}"}, {0x2153, "\\frac{1}{3}"}, {0x2154, "\\frac{2}{3}"},
    {0x2155, "\\frac{1}{5}"}, {0x2156, "\\frac{2}{5}"}, {0x2157, "\\frac{3}{5}"}, {0x2158, "\\frac{4}{5}"}, {0x2159, "\\frac{1}{6}"}, {0x215A, "\\frac{5}{6}"},
    {0x215B, "\\frac{1}{8}"}, {0x215C, "\\frac{3}{8}"}, {0x215D, "\\frac{5}{8}"}, {0x215E, "\\frac{7}{8}"}, {0x2189, "\\frac{0}{3}"},
    {0x2190, "\\leftarrow "}, {0x2192, "\\to "}, {0x21D2, "\\Rightarrow "}, {0x21D4, "\\Leftrightarrow "}, {0x2205, "\\emptyset "}, {0x2208, "\\in "},
    {0x2209, "\\notin "}, {0x220F, "\\prod "}, {0x2211, "\\sum "}, {0x2212, "-"}, {0x2213, "\\mp "}, {0x2215, "/"}, {0x2216, "\\setminus "}, {0x2217, "*"},
    {0x2218, "\\circ "}, {0x2219, "\\cdot "}, {0x221A, "\\unisqrt "}, {0x221B, "\\unicbrt "}, {0x221E, "\\infty "}, {0x2220, "\\angle "}, {0x2223, "\\mid "},
    {0x2225, "\\parallel "}, {0x2227, "\\land "}, {0x2228, "\\lor "}, {0x2229, "\\cap "}, {0x222A, "\\cup "}, {0x222B, "\\int "}, {0x2236, ":"},
    {0x223C, "\\sim "}, {0x223D, "\\sim "}, {0x2248, "\\approx "}, {0x2260, "\\ne "}, {0x2261, "\\equiv "}, {0x2264, "\\le "}, {0x2265, "\\ge "}, {0x2266, "\\le "},
    {0x2267, "\\ge "}, {0x2282, "\\subset "}, {0x2286, "\\subseteq "}, {0x22A4, "\\top "}, {0x22A5, "\\perp "}, {0x22BA, "\\intercal "}, {0x22C5, "\\cdot "}, {0x22EF, "\\cdots "},
    {0x2308, "\\lceil "}, {0x2309, "\\rceil "}, {0x230A, "\\lfloor "}, {0x230B, "\\rfloor "}, {0x2329, "\\langle "}, {0x232A, "\\rangle "},
    {0x25B3, "\\triangle "}, {0x27E8, "\\langle "}, {0x27E9, "\\rangle "}, {0x2A7D, "\\le "}, {0x2A7E, "\\ge "},
    {0x3000, " "}, {0x3001, ", "}, {0x3002, "."}, {0x3008, "\\langle "}, {0x3009, "\\rangle "}, {0x3010, "["}, {0x3011, "]"}, {0x3014, "("}, {0x3015, ")"},
    {0x338F, "\\text{kg}"}, {0x339C, "\\text{mm}"}, {0x339D, "\\text{cm}"}, {0x339E, "\\text{km}"}, {0x33A0, "\\text{cm}^2"}, {0x33A1, "\\text{m}^2"}, {0x33A4, "\\text{cm}^3"},
    {0x33A5, "\\text{m}^3"}, {0xFFE1, "\\pounds "}, {0xFFE5, "\\yen "},
};

const Rewrite* FindRewrite(char32_t c) {
  const auto* found =
      std::lower_bound(std::begin(kRewrites), std::end(kRewrites), c, [](const Rewrite& entry, char32_t value) { return entry.character < value; });
  return found != std::end(kRewrites) && found->character == c ? found : nullptr;
}

// The ASCII character that U+FF01..U+FF5E write in full width.
char FullWidth(char32_t c) { return c >= 0xFF01 && c <= 0xFF5E ? static_cast<char>(c - 0xFF01 + 0x21) : '\0'; }

char Superscript(char32_t c) {
  switch (c) {
    case 0xB2: return '2';
    case 0xB3: return '3';
    case 0xB9: return '1';
    case 0x2071: return 'i';
    case 0x207A: return '+';
    case 0x207B: return '-';
    case 0x207D: return '(';
    case 0x207E: return ')';
    case 0x207F: return 'n';
    case 0x02E3: return 'x';
    case 0x2070: return '0';
    default: return c >= 0x2074 && c <= 0x2079 ? static_cast<char>('0' + (c - 0x2070)) : '\0';
  }
}

char Subscript(char32_t c) {
  if (c >= 0x2080 && c <= 0x2089) return static_cast<char>('0' + (c - 0x2080));
  if (c == 0x2099) return 'n';
  return c == 0x1D62 ? 'i' : '\0';
}

bool IsPlain(char32_t c) { return (c >= 0x20 && c < 0x7F) || c == '\t' || c == '\n' || c == '\r'; }

class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text) { out_.reserve(text.size() + 16); }

  std::optional<std::string> Run() {
    while (at_ < text_.size()) {
      const CodePoint c = DecodeUtf8(text_, at_);
      if (c.bytes == 0 || !Append(c)) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  bool Append(const CodePoint& c) {
    if (IsPlain(c.value)) return Take(c, std::string_view(text_.data() + at_, 1));
    if (const char ascii = FullWidth(c.value); ascii != '\0') return Take(c, std::string_view(&ascii, 1));
    if (Superscript(c.value) != '\0') return TakeRun("^{", Superscript);
    if (Subscript(c.value) != '\0') return TakeRun("_{", Subscript);
    if (const Rewrite* rewrite = FindRewrite(c.value); rewrite != nullptr) return Take(c, rewrite->latex);
    return IsForeignLetter(c.value) && Take(c, text_.substr(at_, static_cast<size_t>(c.bytes)));
  }

  bool Take(const CodePoint& c, std::string_view latex) {
    out_ += latex;
    at_ += static_cast<size_t>(c.bytes);
    return true;
  }

  bool TakeRun(std::string_view open, char (*ascii)(char32_t)) {
    out_ += open;
    while (at_ < text_.size()) {
      const CodePoint c = DecodeUtf8(text_, at_);
      const char digit = c.bytes == 0 ? '\0' : ascii(c.value);
      if (digit == '\0') break;
      out_ += digit;
      at_ += static_cast<size_t>(c.bytes);
    }
    out_ += '}';
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

bool IsForeignLetter(char32_t c) {
  return (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7) || (c >= 0x400 && c <= 0x4FF) || (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x2460 && c <= 0x2473);  // The last are ① to ⑳, which name statements.
}

std::optional<std::string> RewriteUnicode(std::string_view text) {
  const auto beyond = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; });
  if (beyond == text.end() && text.find('\x7F') == std::string_view::npos) return std::string(text);
  return Rewriter(text).Run();
}

}  // namespace cohort::reward::math
