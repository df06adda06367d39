#include "common/reward/auxiliary/scripts.h"

#include <algorithm>
#include <iterator>

#include "common/reward/format/characters.h"

namespace cohort::reward {
namespace {

struct Range {
  char32_t first;
  char32_t last;
  Script script;
};

// Blocks of letters from Unicode's Scripts.txt, in order; what lies between has no script, and letters past the last block are kOther.
constexpr Range kRanges[] = {
    {0x41, 0x5A, Script::kLatin},         {0x61, 0x7A, Script::kLatin},         {0xAA, 0xAA, Script::kLatin},
    {0xBA, 0xBA, Script::kLatin},         {0xC0, 0xD6, Script::kLatin},         {0xD8, 0xF6, Script::kLatin},
    {0xF8, 0x2AF, Script::kLatin},        {0x370, 0x373, Script::kGreek},       {0x376, 0x37D, Script::kGreek},
    {0x37F, 0x3FF, Script::kGreek},       {0x400, 0x481, Script::kCyrillic},    {0x48A, 0x52F, Script::kCyrillic},
    {0x531, 0x556, Script::kArmenian},    {0x561, 0x587, Script::kArmenian},    {0x5D0, 0x5F2, Script::kHebrew},
    {0x620, 0x64A, Script::kArabic},      {0x66E, 0x6D3, Script::kArabic},      {0x6D5, 0x6DC, Script::kArabic},
    {0x6EE, 0x6EF, Script::kArabic},      {0x6FA, 0x6FF, Script::kArabic},      {0x700, 0x74F, Script::kOther},
    {0x750, 0x77F, Script::kArabic},      {0x780, 0x8FF, Script::kOther},       {0x900, 0x963, Script::kDevanagari},
    {0x970, 0x97F, Script::kDevanagari},  {0x980, 0x9E3, Script::kBengali},     {0x9F0, 0x9F1, Script::kBengali},
    {0xA00, 0xB7F, Script::kOther},       {0xB80, 0xBE5, Script::kTamil},       {0xC00, 0xC65, Script::kTelugu},
    {0xC80, 0xDFF, Script::kOther},       {0xE01, 0xE3A, Script::kThai},        {0xE40, 0xE4E, Script::kThai},
    {0xE80, 0x109F, Script::kOther},      {0x10A0, 0x10FF, Script::kGeorgian},  {0x1100, 0x11FF, Script::kHangul},
    {0x1200, 0x1C7F, Script::kOther},     {0x1C80, 0x1C8F, Script::kCyrillic},  {0x1C90, 0x1CBF, Script::kGeorgian},
    {0x1D00, 0x1D25, Script::kLatin},     {0x1E00, 0x1EFF, Script::kLatin},     {0x1F00, 0x1FFF, Script::kGreek},
    {0x2C60, 0x2C7F, Script::kLatin},     {0x2D00, 0x2D2F, Script::kGeorgian},  {0x2DE0, 0x2DFF, Script::kCyrillic},
    {0x2E80, 0x2FD5, Script::kHan},       {0x3005, 0x3007, Script::kHan},       {0x3041, 0x3096, Script::kKana},
    {0x309D, 0x309F, Script::kKana},      {0x30A1, 0x30FA, Script::kKana},      {0x30FC, 0x30FF, Script::kKana},
    {0x3105, 0x312F, Script::kOther},     {0x3131, 0x318E, Script::kHangul},    {0x31F0, 0x31FF, Script::kKana},
    {0x3400, 0x4DBF, Script::kHan},       {0x4E00, 0x9FFF, Script::kHan},       {0xA000, 0xA63F, Script::kOther},
    {0xA640, 0xA69F, Script::kCyrillic},  {0xA722, 0xA7FF, Script::kLatin},     {0xA800, 0xABFF, Script::kOther},
    {0xAC00, 0xD7A3, Script::kHangul},    {0xF900, 0xFAD9, Script::kHan},       {0xFB00, 0xFB06, Script::kLatin},
    {0xFB1D, 0xFB4F, Script::kHebrew},    {0xFB50, 0xFDFF, Script::kArabic},    {0xFE70, 0xFEFC, Script::kArabic},
    {0xFF21, 0xFF3A, Script::kLatin},     {0xFF41, 0xFF5A, Script::kLatin},     {0xFF66, 0xFF9F, Script::kKana},
    {0xFFA1, 0xFFDC, Script::kHangul},    {0x10000, 0x1CFFF, Script::kOther},   {0x1E000, 0x1EEFF, Script::kOther},
    {0x20000, 0x323AF, Script::kHan},
};

}  // namespace

Script ScriptOf(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? Script::kLatin : Script::kNone;
  if (c >= 0x4E00 && c <= 0x9FFF) return Script::kHan;
  if (IsInvisible(c)) return Script::kNone;
  const auto* range = std::lower_bound(std::begin(kRanges), std::end(kRanges), c, [](const Range& r, char32_t value) { return r.last < value; });
  return range != std::end(kRanges) && range->first <= c ? range->script : Script::kNone;
}

bool IsUnspaced(Script script) { return script == Script::kHan || script == Script::kKana || script == Script::kThai; }

bool Writes(v1::Language language, Script script) {
  switch (language) {
    case v1::LANGUAGE_ENGLISH: return script == Script::kLatin;
    case v1::LANGUAGE_CHINESE: return script == Script::kHan;
    case v1::LANGUAGE_JAPANESE: return script == Script::kHan || script == Script::kKana;
    case v1::LANGUAGE_KOREAN: return script == Script::kHangul;
    case v1::LANGUAGE_RUSSIAN: return script == Script::kCyrillic;
    case v1::LANGUAGE_GREEK: return script == Script::kGreek;
    case v1::LANGUAGE_ARABIC: return script == Script::kArabic;
    case v1::LANGUAGE_HEBREW: return script == Script::kHebrew;
    case v1::LANGUAGE_HINDI: return script == Script::kDevanagari;
    case v1::LANGUAGE_BENGALI: return script == Script::kBengali;
    case v1::LANGUAGE_TAMIL: return script == Script::kTamil;
    case v1::LANGUAGE_TELUGU: return script == Script::kTelugu;
    case v1::LANGUAGE_THAI: return script == Script::kThai;
    case v1::LANGUAGE_GEORGIAN: return script == Script::kGeorgian;
    case v1::LANGUAGE_ARMENIAN: return script == Script::kArmenian;
    default: return false;
  }
}

}  // namespace cohort::reward
