#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/arena.h"
#include "common/model/checkpoint.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/trainer_state.h"

namespace cohort::learner {

// One completion as the update sees it.
struct Sample {
  std::vector<int32_t> completion;        // Token ids, end-of-sequence included.
  std::vector<float> sampler_logprobs;    // One per completion token.
  double reward = 0;                      // The scalar reward.
  bool masked = false;                    // Leave it out of baseline and loss (it could not be scored, or was truncated and the run masks those).
};

// One prompt with its completions.
struct SampleGroup {
  std::vector<int32_t> prompt;            // Token ids.
  std::vector<Sample> samples;
};

// What one update did; means over completion tokens of unmasked samples.
struct UpdateMetrics {
  double loss = 0;
  double kl = 0;
  double entropy = 0;                     // Nats.
  double grad_norm = 0;                   // Before clipping, mean over minibatches.
  double learning_rate = 0;               // Of the last minibatch.
  double clip_fraction = 0;
  double logprob_diff_mean = 0;           // |learner - sampler|, before the first minibatch.
  double logprob_diff_max = 0;
  double importance_mean = 1;
  int64_t tokens = 0;                     // Completion tokens trained on.
};

// What a run's trainer computes with.
PolicyModelOptions PolicyModelOptionsOf(const config::v1::RunConfig& config, const model::ModelConfig& model);

// The policy under training: LibTorch model, reference model, optimizer. Holds no run state besides; the caller owns schedule and checkpoints.
//
// Not thread-safe. On the CPU deterministic: equal weights, optimizer state, groups and thread count give bit-equal results on the same machine. On a GPU
// sums may be added in another order from run to run. Errors are those of PolicyModel; a non-finite loss or gradient is FAILED_PRECONDITION (reason
// NON_FINITE) and leaves the weights as they were. In a learner of several processes UNAVAILABLE (reason FOLLOWER_LOST) says that one of them is gone: nothing
// has changed, and the same update is to be repeated once all are there.
class Trainer {
 public:
  // Makes a learner of several processes of the model of this one.
  using Distribute = std::function<std::unique_ptr<PolicyModel>(std::unique_ptr<PolicyModel> local)>;

  // With `distribute`, if any, the passes are shared. Errors of the device are those of PolicyModel::Create().
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const config::v1::RunConfig& config, const model::LoadedModel& initial,
                                                         const Distribute& distribute = nullptr);
  virtual ~Trainer() = default;

  // One GRPO step over all groups: advantages, minibatches (split at random, keyed by (seed, step)), losses, AdamW.
  virtual absl::StatusOr<UpdateMetrics> Update(int64_t step, const std::vector<SampleGroup>& groups) = 0;

  // Sets the peak of the learning-rate schedule for the updates to come; at first that of the config. No part of the state that is saved.
  virtual void SetLearningRate(double peak) = 0;

  // Copies the current weights into a fresh arena of the model's layout.
  virtual absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const = 0;

  // What rollout workers shall sample from: the same, as the forward pass uses it (bf16 when the learner computes on a GPU).
  virtual absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const = 0;

  // The same without a way through the host's memory: empty unless the learner computes on a GPU.
  virtual absl::StatusOr<GpuCopy> SamplingWeightsOnGpu() const { return GpuCopy(); }

  // The GPU it computes on, nullopt where that is the host's processors.
  virtual std::optional<int> gpu() const { return std::nullopt; }

  // Makes the current policy the KL reference.
  virtual absl::Status RefreshReference() = 0;

  // Copies what a checkpoint holds. RESOURCE_EXHAUSTED when the host has no memory for it.
  virtual absl::StatusOr<TrainerSnapshot> Snapshot() const = 0;
  // Restores weights, and the state that WriteTrainerState() wrote. INVALID_ARGUMENT names the file and what is missing or of another shape.
  virtual absl::Status Restore(const model::Arena& weights, const std::string& state_path) = 0;
};

}  // namespace cohort::learner
