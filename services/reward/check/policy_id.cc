#include "services/reward/check/policy_id.h"

#include <charconv>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"

namespace cohort::reward {
namespace {

using math::Approximation;
using math::Policy;
using math::UnitPolicy;

constexpr std::pair<UnitPolicy, const char*> kUnits[] = {
    {UnitPolicy::kConvert, "convert"}, {UnitPolicy::kStrip, "strip"}, {UnitPolicy::kRequire, "require"}};
constexpr std::pair<bool Policy::*, const char*> kFlags[] = {
    {&Policy::order_matters, "order_matters"}, {&Policy::assignment_lhs_optional, "assignment_lhs_optional"},
    {&Policy::interval_is_inequality, "interval_is_inequality"}, {&Policy::fold_text, "text_fold"}, {&Policy::literal_only, "literal_only"},
};
constexpr std::pair<Approximation, const char*> kApproximations[] = {
    {Approximation::kNone, "exact"}, {Approximation::kRoundToShown, "round_to_shown"}, {Approximation::kSixDecimals, "six_decimals"}};
constexpr char kTolerance[] = "rel_tol";
constexpr char kUnitsName[] = "units";
constexpr char kMinThinkName[] = "min_think_chars";

std::string AllSettings() {
  return "exact, round_to_shown, rel_tol=NUMBER, six_decimals, units=convert|strip|require, order_matters, assignment_lhs_optional, "
         "interval_is_inequality, text_fold, literal_only (the last five may say =true or =false), min_think_chars=NUMBER";
}

absl::Status Wrong(absl::string_view setting, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("policy setting '", setting, "' ", why, "; settings are ", AllSettings()));
}

// Reads the settings of one policy, one after the other.
class SettingReader {
 public:
  absl::Status Take(absl::string_view setting) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(setting, absl::MaxSplits('=', 1));
    const auto& [name, value] = parts;
    const bool has_value = name.size() < setting.size();
    for (const auto& [approximation, known] : kApproximations) {
      if (name == known && !has_value) return SetApproximation(setting, approximation);
    }
    if (name == kTolerance) return SetTolerance(setting, value);
    if (name == kUnitsName) return SetUnits(setting, value);
    if (name == kMinThinkName) return SetMinThink(setting, value);
    for (const auto& [flag, known] : kFlags) {
      if (name != known) continue;
      if (has_value && value != "true" && value != "false") return Wrong(setting, "is neither true nor false");
      policy_.*flag = value != "false";
      return absl::OkStatus();
    }
    return Wrong(setting, "is not known");
  }
  const Policy& policy() const { return policy_; }
  uint32_t min_think_characters() const { return min_think_characters_; }

 private:
  absl::Status SetApproximation(absl::string_view setting, Approximation approximation) {
    if (approximation_set_) return Wrong(setting, "follows another approximation");
    approximation_set_ = true;
    policy_.approximation = approximation;
    return absl::OkStatus();
  }
  absl::Status SetTolerance(absl::string_view setting, absl::string_view value) {
    double tolerance = 0;
    if (!absl::SimpleAtod(value, &tolerance) || !(tolerance > 0) || !(tolerance < 1)) return Wrong(setting, "needs a number above 0 and below 1");
    policy_.relative_tolerance = tolerance;
    return SetApproximation(setting, Approximation::kRelative);
  }
  absl::Status SetUnits(absl::string_view setting, absl::string_view value) {
    for (const auto& [units, known] : kUnits) {
      if (value != known) continue;
      policy_.units = units;
      return absl::OkStatus();
    }
    return Wrong(setting, "is none of convert, strip, require");
  }

  absl::Status SetMinThink(absl::string_view setting, absl::string_view value) {
    uint32_t characters = 0;
    if (!absl::SimpleAtoi(value, &characters) || characters < 1 || characters > kMostThinkCharacters) {
      return Wrong(setting, absl::StrCat("needs a whole number from 1 to ", kMostThinkCharacters));
    }
    min_think_characters_ = characters;
    return absl::OkStatus();
  }

  Policy policy_;
  uint32_t min_think_characters_ = kMinThinkCharacters;
  bool approximation_set_ = false;
};

std::string ApproximationId(const Policy& policy) {
  for (const auto& [approximation, name] : kApproximations) {
    if (approximation == policy.approximation) return name;
  }
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof(digits), policy.relative_tolerance);  // The shortest that reads back as the same number.
  return absl::StrCat(kTolerance, "=", absl::string_view(digits, static_cast<size_t>(written.ptr - digits)));
}

}  // namespace

absl::StatusOr<GradingPolicy> ParsePolicyId(absl::string_view id) {
  GradingPolicy policy;
  COHORT_ASSIGN_OR_RETURN(const PolicyParts parts, SplitPolicyId(id));
  policy.shape = parts.shape;
  SettingReader reader;
  for (const absl::string_view setting : absl::StrSplit(parts.settings, ',', absl::SkipWhitespace())) {
    COHORT_RETURN_IF_ERROR(reader.Take(absl::StripAsciiWhitespace(setting)));
  }
  policy.gold = reader.policy();
  policy.min_think_characters = reader.min_think_characters();
  return policy;
}

std::string PolicyId(const GradingPolicy& policy) {
  const Policy defaults;
  std::vector<std::string> settings = {ApproximationId(policy.gold)};
  for (const auto& [units, name] : kUnits) {
    if (units == policy.gold.units && units != defaults.units) settings.push_back(absl::StrCat(kUnitsName, "=", name));
  }
  for (const auto& [flag, name] : kFlags) {
    if (policy.gold.*flag != defaults.*flag) settings.push_back(policy.gold.*flag ? std::string(name) : absl::StrCat(name, "=false"));
  }
  if (policy.min_think_characters != kMinThinkCharacters) settings.push_back(absl::StrCat(kMinThinkName, "=", policy.min_think_characters));
  const absl::string_view shape = TemplateName(policy.shape);
  return absl::StrCat(shape, shape.empty() ? "" : ":", absl::StrJoin(settings, ","));
}

}  // namespace cohort::reward
