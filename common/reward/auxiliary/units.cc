#include "common/reward/auxiliary/units.h"

#include <algorithm>

#include "common/reward/format/characters.h"
#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

struct Character {
  char32_t value;
  size_t bytes;
};

Character CharacterAt(std::string_view text, size_t at) {
  const CodePoint c = DecodeUtf8(text, at);
  return {c.value, static_cast<size_t>(std::max(c.bytes, 1))};
}

bool IsDigit(char32_t c) { return (c >= '0' && c <= '9') || (c >= 0xFF10 && c <= 0xFF19); }

}  // namespace

bool UnitReader::Next(Unit* unit) {
  Character first{0, 0};
  for (;; at_ += first.bytes) {
    if (at_ >= text_.size()) return false;
    first = CharacterAt(text_, at_);
    if (!IsWhitespace(first.value) && !IsInvisible(first.value)) break;
  }
  *unit = {{at_, at_ + first.bytes}, ScriptOf(first.value), 0};
  at_ += first.bytes;
  if (unit->script != Script::kNone) unit->letters = 1;
  const bool number = IsDigit(first.value);
  if (IsUnspaced(unit->script) || (unit->script == Script::kNone && !number)) return true;
  for (size_t characters = 1; characters < kMaxUnitCharacters && at_ < text_.size(); ++characters) {
    const Character next = CharacterAt(text_, at_);
    const bool goes_on = number ? IsDigit(next.value) : ScriptOf(next.value) == unit->script || IsInvisible(next.value);
    if (!goes_on) break;
    if (!number && !IsInvisible(next.value)) ++unit->letters;
    at_ += next.bytes;
    unit->span.end = at_;
  }
  return true;
}

}  // namespace cohort::reward
