#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/model/model_config.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/token_batch.h"
#include "services/learner/train/trainer.h"
#include "services/learner/train/work_shares.h"

namespace cohort::learner {

// One completion that takes part in an update.
struct PlannedSample {
  int64_t group = 0;          // Index into the update's groups.
  int64_t sample = 0;         // Index into the group's samples.
  int64_t first_token = 0;    // Index of its first completion token among those of all planned samples.
  double advantage = 0;
  double token_weight = 0;    // Weight of each of its tokens in the minibatch's loss.
};

// One optimizer update: an even share of the samples for each worker, cut into passes that fit the token budget.
struct PlannedMinibatch {
  std::vector<PlannedSample> samples;           // In order of (group, sample).
  std::vector<std::vector<IndexRange>> passes;  // Of each worker, ranges of samples.
};

// What one learner step does, before any arithmetic on the model: a pure function of config, step and groups.
struct UpdatePlan {
  std::vector<PlannedMinibatch> minibatches;  // Empty ones left out.
  int64_t tokens = 0;                         // Completion tokens of all planned samples.
};

// Advantages, the split into minibatches (at random, keyed by (run.seed, step)), the weights of the aggregation and the workers' passes. INVALID_ARGUMENT names
// the group that has an empty prompt, an empty completion, log-probabilities of another length, a token outside the vocabulary, a reward that is not
// a number, or more tokens than the model has positions.
absl::StatusOr<UpdatePlan> PlanUpdate(const config::v1::RunConfig& config, const model::ModelConfig& model, int64_t workers, int64_t step,
                                      const std::vector<SampleGroup>& groups);

// The rows of one pass: each prompt once, then the completions without their last token; one prediction for each completion token, in order.
TokenBatch BuildBatch(const std::vector<SampleGroup>& groups, absl::Span<const PlannedSample> samples);

}  // namespace cohort::learner
