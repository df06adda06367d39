#pragma once

#include <cstdint>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::reward {

// Writing systems, as far as a language can be told by them.
enum class Script : uint8_t {
  kNone,  // Digits, punctuation, symbols, white space.
  kLatin,
  kGreek,
  kCyrillic,
  kArmenian,
  kHebrew,
  kArabic,
  kDevanagari,
  kBengali,
  kTamil,
  kTelugu,
  kThai,
  kGeorgian,
  kHan,
  kKana,
  kHangul,
  kOther,  // Letters of any other script.
};

// The script of a character; combining marks belong to the letters before them and are kNone.
Script ScriptOf(char32_t c);

// Whether words of the script are written without spaces, so that each of its characters counts as a word.
bool IsUnspaced(Script script);

// Whether the language is written in the script.
bool Writes(v1::Language language, Script script);

}  // namespace cohort::reward
