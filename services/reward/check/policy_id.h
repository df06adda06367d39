#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/format/limits.h"
#include "common/reward/format/template_name.h"
#include "services/reward/math/policy.h"

namespace cohort::reward {

// The most characters of reasoning that a policy can ask for.
inline constexpr uint32_t kMostThinkCharacters = 1'000'000;

// What a policy id stands for: the shape of a completion and what counts as equal.
struct GradingPolicy {
  v1::Template shape = v1::TEMPLATE_UNSPECIFIED;  // Not set when the id names none.
  math::Policy gold;
  uint32_t min_think_characters = kMinThinkCharacters;  // Fewest visible characters of reasoning that the format takes.
};

// Reads "[TEMPLATE:]SETTING[,SETTING]...". TEMPLATE is one of TemplateName(). Settings, the first four exclude each other:
//
//   exact                           the default
//   round_to_shown                  the reference is a decimal: every value that rounds to it is right
//   rel_tol=1e-6                    within this relative distance of the reference, above 0 and below 1
//   six_decimals                    both rounded to six decimals
//   units=convert|strip|require     500 cm is 5 m (default); equal numbers when one side has no unit; the same unit
//   order_matters                   lists without brackets are compared in their order
//   assignment_lhs_optional=false   "x = 5" is not 5
//   interval_is_inequality=false    "x > 2" is not (2, oo)
//   text_fold=false                 case, white space and punctuation of words matter
//   literal_only                    the answer is a number, not a calculation
//   min_think_chars=20              the format needs so many characters of reasoning, white space not counted; 1 (default) to kMostThinkCharacters
//
// "" means exact without a template. INVALID_ARGUMENT names the setting that is wrong and lists those there are.
absl::StatusOr<GradingPolicy> ParsePolicyId(absl::string_view id);

// The one spelling of a policy: ParsePolicyId(PolicyId(p)) is p, and equal policies have equal ids.
std::string PolicyId(const GradingPolicy& policy);

}  // namespace cohort::reward
