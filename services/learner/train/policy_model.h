#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/model/arena.h"
#include "common/model/checkpoint.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/token_batch.h"
#include "services/learner/train/token_scores.h"
#include "services/learner/train/trainer_state.h"

namespace cohort::learner {

// Memory of a GPU, shared by whoever reads it.
struct GpuCopy {
  std::shared_ptr<const void> memory;  // nullptr: there is none.
  int64_t bytes = 0;
  int gpu = 0;
};

// Which of a policy model's weights are meant.
enum class WeightsOf { kPolicy, kReference };

// What a policy model is made for.
struct PolicyModelOptions {
  config::v1::OptimizerSection optimizer;
  double temperature = 1;    // Divides the logits.
  bool reference = false;    // Keep a copy of the first weights as the KL reference.
  bool may_go_back = false;  // Remember() will be called: its memory counts.
  bool broadcasts = false;   // SamplingWeightsOnGpu() will be called, likewise.
  int64_t longest_sequence = 0;  // Tokens; a pass has one whole sequence at least.
  bool optimizes = true;         // Step() will be called. A model without has no moments, and of the functions below neither Step() nor those that keep,
                                 // save or hand out its state.
};

// A process that computes for this model is gone (or not there yet), so that what was begun cannot be ended: TakeBack(), and begin again when GatherWorkers()
// returns OK. UNAVAILABLE, reason FOLLOWER_LOST.
absl::Status FollowerLost(absl::string_view message);
bool IsFollowerLost(const absl::Status& status);

// A policy under training on one device: weights, their gradient, the optimizer's state, and a reference where the loss has a KL term. Training loops
// differ in what they feed it; devices differ behind it.
//
// Not thread-safe, except that the body of Run() may call Score() and Backward() for its own worker. Nothing throws. Errors are those of CaughtError():
// RESOURCE_EXHAUSTED, with what to change, when memory runs out, INTERNAL where LibTorch fails; and FollowerLost() in a learner of several processes. Where
// Step(), TakeBack() or Restore() fails so, the weights may be in between.
class PolicyModel {
 public:
  // On the device that `options.optimizer.device()` names, starting from a copy of `initial`. UNAVAILABLE when a GPU is asked for and there is none that
  // can be used, or this build has no CUDA; RESOURCE_EXHAUSTED, naming what is needed, when its memory is too small.
  static absl::StatusOr<std::unique_ptr<PolicyModel>> Create(const PolicyModelOptions& options, const model::LoadedModel& initial);
  virtual ~PolicyModel() = default;

  // Takes in the workers there are now, which are those of the calls that follow. FollowerLost() when some are missing.
  virtual absl::Status GatherWorkers() { return absl::OkStatus(); }
  // Passes that are computed at the same time.
  virtual int64_t workers() const = 0;
  // Calls body(worker), which does not throw, for every worker, perhaps at the same time, and returns when all have. Returns the error of one that
  // failed, if any: the others may have been given up for it.
  virtual absl::Status Run(const std::function<absl::Status(int64_t worker)>& body) = 0;

  // Log-probabilities of the batch's predictions. `keep` saves what Backward needs. kReference only where there is one.
  virtual absl::StatusOr<TokenScores> Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) = 0;
  // Adds the gradient of sum_i dlogprobs[i] * logprob[i]; the worker's latest Score was that of the policy for this batch, and kept.
  virtual absl::Status Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) = 0;

  virtual absl::Status ClearGradients() = 0;
  // Adds up what the workers gathered since ClearGradients().
  virtual absl::Status SumGradients() = 0;
  // Euclidean norm of that sum; not finite where the gradient is not.
  virtual absl::StatusOr<double> GradientNorm() = 0;
  // Both.
  absl::StatusOr<double> FinishGradients();
  // One AdamW update with the finished gradient times `gradient_scale`.
  virtual absl::Status Step(double learning_rate, double gradient_scale) = 0;

  // Keeps weights and optimizer state as they are now, until Forget(). TakeBack() returns to what is kept, if anything is.
  virtual absl::Status Remember() = 0;
  virtual absl::Status TakeBack() = 0;
  virtual void Forget() = 0;

  bool has_reference() const { return has_reference_; }
  // Makes the current policy the reference, where there is one.
  virtual absl::Status RefreshReference() = 0;

  // Copies of the weights: in fp32, whole, for checkpoints; and as the forward pass uses them, for those who sample (bf16 from a GPU).
  virtual absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const = 0;
  virtual absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const = 0;

  // The latter where they are computed with, where that is a GPU: a copy that stays as it is until it is let go. Empty on processors.
  virtual absl::StatusOr<GpuCopy> SamplingWeightsOnGpu() const { return GpuCopy(); }

  // The GPU it computes on, nullopt where that is the host's processors.
  virtual std::optional<int> gpu() const { return std::nullopt; }

  // What a learner of several processes exchanges, slices [offset, offset + size) of elements in the arena's order. The sum of the gradients, after
  // SumGradients(): copies it to `values`, adds `values` to it.
  virtual absl::Status ReadGradient(int64_t offset, absl::Span<float> values) const = 0;
  virtual absl::Status AddToGradient(int64_t offset, absl::Span<const float> values) = 0;
  // Replaces weights that the forward pass uses by `bytes`, whose elements are of type `dtype`. On a model that does not optimize.
  virtual absl::Status WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) = 0;
  // A copy of the reference as the forward pass uses it; nullptr without one.
  virtual absl::StatusOr<std::shared_ptr<const model::Arena>> ReferenceWeights() const = 0;

  // A copy of what the next update depends on besides the weights.
  virtual absl::StatusOr<TrainerState> State() const = 0;
  // As Trainer's.
  virtual absl::Status Restore(const model::Arena& weights, const std::string& state_path) = 0;

 protected:
  explicit PolicyModel(bool has_reference) : has_reference_(has_reference) {}

 private:
  const bool has_reference_;
};

}  // namespace cohort::learner
