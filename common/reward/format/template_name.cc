#include "common/reward/format/template_name.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace cohort::reward {
namespace {

constexpr std::pair<v1::Template, const char*> kTemplates[] = {
    {v1::TEMPLATE_R1_ZERO, "r1_zero"},  {v1::TEMPLATE_R1_RELEASED, "r1_released"}, {v1::TEMPLATE_BOXED_ONLY, "boxed"},
    {v1::TEMPLATE_BARE_ANSWER, "bare"}, {v1::TEMPLATE_GSM8K_HASH, "gsm8k"},        {v1::TEMPLATE_DAPO_ANSWER, "dapo"},
};

bool IsOfCompletions(v1::Template shape) { return shape != v1::TEMPLATE_BARE_ANSWER; }

// "R1_ZERO": what the enumerator is called.
std::string Capitals(v1::Template shape) { return std::string(absl::StripPrefix(v1::Template_Name(shape), "TEMPLATE_")); }

}  // namespace

v1::Template CompletionTemplate(absl::string_view name) {
  for (const auto& [shape, known] : kTemplates) {
    if (IsOfCompletions(shape) && (name == known || name == Capitals(shape))) return shape;
  }
  return v1::TEMPLATE_UNSPECIFIED;
}

std::string CompletionTemplateNames(bool capitals) {
  std::string names;
  for (const auto& [shape, name] : kTemplates) {
    if (IsOfCompletions(shape)) absl::StrAppend(&names, names.empty() ? "" : ", ", capitals ? Capitals(shape) : name);
  }
  return names;
}

absl::string_view TemplateName(v1::Template shape) {
  for (const auto& [known, name] : kTemplates) {
    if (known == shape) return name;
  }
  return "";
}

absl::StatusOr<PolicyParts> SplitPolicyId(absl::string_view id) {
  const size_t colon = id.find(':');
  if (colon == absl::string_view::npos) return PolicyParts{v1::TEMPLATE_UNSPECIFIED, id};
  const absl::string_view name = id.substr(0, colon);
  for (const auto& [shape, known] : kTemplates) {
    if (name == known) return PolicyParts{shape, id.substr(colon + 1)};
  }
  const auto names = absl::StrJoin(kTemplates, ", ", [](std::string* out, const auto& entry) { absl::StrAppend(out, entry.second); });
  return absl::InvalidArgumentError(absl::StrCat("policy '", id, "' names the template '", name, "'; templates are ", names));
}

bool AsksForCode(absl::string_view policy_id) {
  const absl::StatusOr<PolicyParts> parts = SplitPolicyId(policy_id);
  return parts.ok() && parts->settings == kCodeSetting;
}

absl::StatusOr<v1::Template> AgreedTemplate(v1::Template of_item, v1::Template of_policy) {
  const bool item_says = of_item != v1::TEMPLATE_UNSPECIFIED;
  const bool policy_says = of_policy != v1::TEMPLATE_UNSPECIFIED;
  if (item_says && TemplateName(of_item).empty()) return absl::InvalidArgumentError(absl::StrCat("template ", of_item, " is not known"));
  if (!item_says && !policy_says) return absl::InvalidArgumentError("template is not set, and policy_id names none");
  if (item_says && policy_says && of_item != of_policy) {
    return absl::InvalidArgumentError(absl::StrCat("template is ", TemplateName(of_item), ", but policy_id says ", TemplateName(of_policy)));
  }
  return item_says ? of_item : of_policy;
}

}  // namespace cohort::reward
