#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "proto/cohort/learner/v1/follow_service.pb.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/token_batch.h"
#include "services/learner/train/token_scores.h"

namespace cohort::learner {

// What leader and followers say, as messages and as what they compute with. FromMessage() returns INVALID_ARGUMENT where a message is none that ToMessage()
// makes.

v1::ModelShape ToMessage(const model::ModelConfig& config);
model::ModelConfig FromMessage(const v1::ModelShape& shape);

v1::PackedBatch ToMessage(const TokenBatch& batch);
absl::StatusOr<TokenBatch> FromMessage(const v1::PackedBatch& packed);

v1::ScoreReply ToMessage(const TokenScores& scores);
TokenScores FromMessage(const v1::ScoreReply& reply);

v1::WeightSet ToMessage(WeightsOf weights);
absl::StatusOr<WeightsOf> FromMessage(v1::WeightSet weights);

// CRC-32C of the names, shapes and places of all tensors: equal where two programs mean the same by a slice of an arena.
uint32_t LayoutChecksum(const model::ArenaLayout& layout);

// Slices travel in pieces of at most so many elements; so many of them at a time, to each follower, before the first is answered.
inline constexpr int64_t kSliceElements = 1 << 18;
inline constexpr int64_t kSlicesUnderWay = 4;

}  // namespace cohort::learner
