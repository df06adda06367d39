#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "services/reward/check/policy_id.h"

namespace cohort::reward {

// A policy as it was read.
struct ReadPolicy {
  GradingPolicy policy;  // With its shape set.
  std::string id;        // Its one spelling.
};

// Reads the policies of a batch. The items of a batch mostly share one, so the last one is remembered. Not thread-safe.
class PolicyReader {
 public:
  // The policy of an item; its shape comes from the item where the id names none. INVALID_ARGUMENT when the id is wrong, contradicts the item's template, or
  // neither names a template. The pointer is valid until the next call.
  absl::StatusOr<const ReadPolicy*> Read(const std::string& policy_id, v1::Template shape);

 private:
  bool known_ = false;
  std::string policy_id_;  // What read_ was read from.
  v1::Template shape_ = v1::TEMPLATE_UNSPECIFIED;
  ReadPolicy read_;
};

}  // namespace cohort::reward
