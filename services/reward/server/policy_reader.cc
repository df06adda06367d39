#include "services/reward/server/policy_reader.h"

#include "common/reward/format/template_name.h"
#include "common/status/status_macros.h"

namespace cohort::reward {

absl::StatusOr<const ReadPolicy*> PolicyReader::Read(const std::string& policy_id, v1::Template shape) {
  if (known_ && policy_id == policy_id_ && shape == shape_) return &read_;
  COHORT_ASSIGN_OR_RETURN(GradingPolicy policy, ParsePolicyId(policy_id));
  COHORT_ASSIGN_OR_RETURN(policy.shape, AgreedTemplate(shape, policy.shape));
  read_ = {policy, PolicyId(policy)};
  known_ = true;
  policy_id_ = policy_id;
  shape_ = shape;
  return &read_;
}

}  // namespace cohort::reward
