#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::reward {

// "r1_zero", "r1_released", "boxed", "bare", "gsm8k", "dapo"; "" for what is not set.
absl::string_view TemplateName(v1::Template shape);

// The template of completions by its name: one of TemplateName(), or in capitals as configs write it: "R1_ZERO", "BOXED_ONLY", …. TEMPLATE_UNSPECIFIED for every other
// name, and for "bare", which completions do not have.
v1::Template CompletionTemplate(absl::string_view name);

// The names of the templates of completions, for messages: "r1_zero, r1_released, …", or in capitals.
std::string CompletionTemplateNames(bool capitals);

// A policy id taken apart.
struct PolicyParts {
  v1::Template shape = v1::TEMPLATE_UNSPECIFIED;  // Not set when the id names none.
  absl::string_view settings;                     // What follows.
};

// Splits "[TEMPLATE:]SETTINGS". INVALID_ARGUMENT when TEMPLATE is none of TemplateName(). The views point into `id`.
absl::StatusOr<PolicyParts> SplitPolicyId(absl::string_view id);

// The one setting of policies for programs: "code", "r1_zero:code". It tells which service a run's completions go to.
inline constexpr absl::string_view kCodeSetting = "code";
// Whether the policy is one for programs.
bool AsksForCode(absl::string_view policy_id);

// The template of an item whose request says `of_item` and whose policy says `of_policy`; either may be not set. INVALID_ARGUMENT when both are not, when they
// contradict each other, or when `of_item` is no template.
absl::StatusOr<v1::Template> AgreedTemplate(v1::Template of_item, v1::Template of_policy);

}  // namespace cohort::reward
