#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/request/item_check.h"
#include "google/protobuf/repeated_field.h"
#include "services/reward/check/check.h"

namespace cohort::reward {

// The checks that a batch asks for, as views into it. INVALID_ARGUMENT names the item and the field that is wrong.
absl::StatusOr<std::vector<CheckInput>> ChecksOf(const ScoreItems& items);
absl::StatusOr<std::vector<CheckInput>> ChecksOf(const v1::CompileGoldRequest& request);
absl::StatusOr<std::vector<CheckInput>> ChecksOf(const v1::ParseRequest& request);

// The results of the items, in order. ChecksOf has taken the items.
void FillResults(const ScoreItems& items, const std::vector<CheckOutcome>& outcomes, google::protobuf::RepeatedPtrField<v1::ScoreResult>* results);

}  // namespace cohort::reward
