#include "common/reward/auxiliary/reasoning_steps.h"

#include <algorithm>
#include <vector>

#include "common/reward/format/characters.h"
#include "common/reward/format/span.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kWords[] = {
    "First,", "Second,", "Third,", "Firstly,", "Secondly,", "Thirdly,", "Next,", "Then,", "Finally,", "Lastly,", "首先", "其次", "然后", "接着", "最后",
};
constexpr std::string_view kBullets[] = {"-", "*", "•", "·"};
constexpr std::string_view kChineseDigits[] = {"一", "二", "三", "四", "五", "六", "七", "八", "九", "十"};

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <size_t kSize>
bool TakeOneOf(std::string_view& text, const std::string_view (&prefixes)[kSize]) {
  return std::any_of(std::begin(prefixes), std::end(prefixes), [&text](std::string_view prefix) { return TakePrefix(text, prefix); });
}

bool TakeNumber(std::string_view& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  return digits > 0 && digits <= 3;
}

bool TakeColon(std::string_view& text) { return TakePrefix(text, ":") || TakePrefix(text, "：") || TakePrefix(text, "."); }

// "Step 2:" and "第二步" or "步骤2：".
bool TakeStepNumber(std::string_view& text) {
  if (TakePrefix(text, "Step ") || TakePrefix(text, "步骤")) return TakeNumber(text) && TakeColon(text);
  if (!TakePrefix(text, "第")) return false;
  if (!TakeOneOf(text, kChineseDigits) && !TakeNumber(text)) return false;
  return TakePrefix(text, "步");
}

bool TakeListNumber(std::string_view& text) { return TakeNumber(text) && (TakePrefix(text, ". ") || TakePrefix(text, ") ") || TakePrefix(text, "、")); }

bool TakeBullet(std::string_view& text) { return TakeOneOf(text, kBullets) && TakePrefix(text, " "); }

// "First," and "First,First,First," alike: markers in a row are one.
bool TakeWords(std::string_view& text) {
  if (!TakeOneOf(text, kWords)) return false;
  while (TakeOneOf(text, kWords)) {
  }
  return true;
}

std::string_view Trimmed(std::string_view text) { return TrimWhitespace(text, {0, text.size()}).In(text); }

// What a line says behind its marker; empty when it has none.
std::string_view TextOfStep(std::string_view line) {
  line = Trimmed(line);
  TakePrefix(line, "**");  // **Step 1:** ...
  using Take = bool (*)(std::string_view&);
  for (const Take take : {Take(TakeStepNumber), Take(TakeListNumber), Take(TakeBullet), Take(TakeWords)}) {
    std::string_view rest = line;
    if (take(rest)) return Trimmed(rest);
  }
  return {};
}

}  // namespace

double ReasoningSteps(std::string_view reasoning) {
  std::vector<std::string_view> steps;
  for (size_t begin = 0; begin < reasoning.size() && steps.size() < kWantedReasoningSteps;) {
    const size_t end = std::min(reasoning.find('\n', begin), reasoning.size());
    const std::string_view step = TextOfStep(reasoning.substr(begin, end - begin));
    const bool says_something = CountVisible(step, kMinStepCharacters) >= kMinStepCharacters;
    if (says_something && std::find(steps.begin(), steps.end(), step) == steps.end()) steps.push_back(step);
    begin = end + 1;
  }
  return std::min(1.0, static_cast<double>(steps.size()) / kWantedReasoningSteps);
}

}  // namespace cohort::reward
