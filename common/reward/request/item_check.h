#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/request/limits.h"
#include "google/protobuf/repeated_field.h"

namespace cohort::reward {

using ScoreItems = google::protobuf::RepeatedPtrField<v1::ScoreItem>;

// INVALID_ARGUMENT that names the item: "items[3] (id 'x'): what".
absl::Status WrongItem(int index, const v1::ScoreItem& item, absl::string_view what);

// Checks what every item of every reward service has: the sizes of its texts and what it asks for beside the verdict. INVALID_ARGUMENT names item and field.
absl::Status CheckItem(int index, const v1::ScoreItem& item, size_t max_gold_bytes);

// INVALID_ARGUMENT when the batch has too many items.
absl::Status CheckBatch(const ScoreItems& items);

// INVALID_ARGUMENT when the request has too many reference answers.
absl::Status CheckGolds(const v1::CompileGoldRequest& request);

}  // namespace cohort::reward
