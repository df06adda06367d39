#pragma once

#include <cstddef>
#include <string_view>

namespace cohort::reward {

// So many steps earn the full reward.
inline constexpr int kWantedReasoningSteps = 3;
// Fewest visible characters of a step behind its marker.
inline constexpr size_t kMinStepCharacters = 10;

// Whether a reasoning is laid out in steps: min(1, steps / 3), in [0, 1]. A step is a line that begins with a marker ("Step 2:", "2.", "2)", "-", "*",
// "First,", "第一步", ...) and says something behind it, kMinStepCharacters at least; lines that say the same count once. So a row of markers earns nothing.
// A pure function of linear time.
double ReasoningSteps(std::string_view reasoning);

}  // namespace cohort::reward
