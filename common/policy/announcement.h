#pragma once

#include "common/policy/policy_transport.h"
#include "proto/cohort/learner/v1/policy_service.pb.h"

namespace cohort::policy {

// An announcement as it travels.
learner::v1::SubscribePolicyResponse ToProto(const PolicyAnnouncement& announcement);
PolicyAnnouncement FromProto(const learner::v1::SubscribePolicyResponse& announcement);

}  // namespace cohort::policy
