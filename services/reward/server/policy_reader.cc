#include "services/reward/server/policy_reader.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cohort::reward {
namespace {

bool IsSet(v1::Template shape) { return shape != v1::TEMPLATE_UNSPECIFIED; }

}  // namespace

absl::StatusOr<const ReadPolicy*> PolicyReader::Read(const std::string& policy_id, v1::Template shape) {
  if (known_ && policy_id == policy_id_ && shape == shape_) return &read_;
  if (IsSet(shape) && TemplateName(shape).empty()) return absl::InvalidArgumentError(absl::StrCat("template ", shape, " is not known"));
  COHORT_ASSIGN_OR_RETURN(GradingPolicy policy, ParsePolicyId(policy_id));
  if (!IsSet(shape) && !IsSet(policy.shape)) return absl::InvalidArgumentError("template is not set, and policy_id names none");
  if (IsSet(shape) && IsSet(policy.shape) && shape != policy.shape) {
    return absl::InvalidArgumentError(absl::StrCat("template is ", TemplateName(shape), ", but policy_id says ", TemplateName(policy.shape)));
  }
  if (IsSet(shape)) policy.shape = shape;
  read_ = {policy, PolicyId(policy)};
  known_ = true;
  policy_id_ = policy_id;
  shape_ = shape;
  return &read_;
}

}  // namespace cohort::reward
