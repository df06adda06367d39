#pragma once

#include <optional>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::reward {

// Which auxiliary rewards a check measures; none by default.
struct AuxiliaryRequest {
  v1::Language language = v1::LANGUAGE_UNSPECIFIED;  // Specified: language consistency with it.
  int repetition_ngram = 0;                          // Above 0: repetition penalty over so many units.
  bool tag_count = false;
  bool reasoning_steps = false;

  bool any() const { return language != v1::LANGUAGE_UNSPECIFIED || repetition_ngram > 0 || tag_count || reasoning_steps; }
};

// What was measured; the formulas and bounds stand in the header of each.
struct AuxiliaryRewards {
  std::optional<double> language_consistency;
  std::optional<double> repetition;
  std::optional<double> tag_count;
  std::optional<double> reasoning_steps;
};

// Measures a completion. The reasoning is what stands between <think> (or the beginning) and </think>; all of the completion where that tag is missing, so
// that a wrong format is no way around. Total on any bytes. A pure function.
AuxiliaryRewards MeasureAuxiliary(const AuxiliaryRequest& request, std::string_view completion, v1::Template shape, bool think_prefilled);

}  // namespace cohort::reward
