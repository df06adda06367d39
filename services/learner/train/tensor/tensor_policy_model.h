#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/model/arena.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/tensor/tensor_adamw.h"
#include "services/learner/train/tensor/tensor_language_model.h"

namespace cohort::learner::tensor {

// A policy on a GPU (or, in tests, in fp32 on the CPU): fp32 master weights, gradient and moments, and a copy of the weights in bf16 that forward and
// backward passes use. All are flat tensors of the arena's layout.
class TensorPolicyModel final : public PolicyModel {
 public:
  // `device` is a CUDA device or the CPU. Throws when memory runs out.
  TensorPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial, at::Device device);

  int64_t workers() const override { return 1; }
  void Run(const std::function<void(int64_t worker)>& body) override;
  TokenScores Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override;
  void Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override;
  void ClearGradients() override;
  double FinishGradients() override;
  void Step(double learning_rate, double gradient_scale) override;
  void Remember() override;
  void TakeBack() override;
  void Forget() override { remembered_.reset(); }
  void RefreshReference() override;
  std::shared_ptr<const model::Arena> Weights() const override;
  std::shared_ptr<const model::Arena> SamplingWeights() const override;
  GpuCopy SamplingWeightsOnGpu() const override;
  std::optional<int> gpu() const override { return device_.is_cpu() ? std::nullopt : std::optional<int>(device_.index()); }
  TrainerState State() const override;
  absl::Status Restore(const model::Arena& weights, const std::string& state_path) override;

 private:
  struct Snapshot {
    at::Tensor master;
    TensorAdamW::State optimizer;
  };

  // Compute weights from the master.
  void Round();
  bool Rounds() const { return compute_type_ != at::kFloat; }

  const PolicyModelOptions options_;
  const model::ArenaLayout layout_;
  const at::Device device_;
  const at::ScalarType compute_type_;
  TensorLanguageModel language_model_;
  at::Tensor master_;     // fp32.
  at::Tensor weights_;    // In the compute type; the master itself where that is fp32.
  at::Tensor gradient_;   // fp32.
  at::Tensor reference_;  // In the compute type, on the device or the host; undefined without one.
  TensorAdamW optimizer_;
  std::unique_ptr<Snapshot> remembered_;
};

}  // namespace cohort::learner::tensor
