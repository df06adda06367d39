#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/arena.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/tensor/tensor_adamw.h"
#include "services/learner/train/tensor/tensor_language_model.h"

namespace cohort::learner::tensor {

// A policy on a GPU (or, in tests, in fp32 on the CPU): fp32 master weights, gradient and moments, and a copy of the weights in bf16 that forward and
// backward passes use. All are flat tensors of the arena's layout.
class TensorPolicyModel final : public PolicyModel {
 public:
  // `device` is a CUDA device or the CPU. Throws when memory runs out: only through MakeTensorPolicyModel() and tests.
  TensorPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial, at::Device device);

  int64_t workers() const override { return 1; }
  absl::Status Run(const std::function<absl::Status(int64_t worker)>& body) override;
  absl::StatusOr<TokenScores> Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override;
  absl::Status Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override;
  absl::Status ClearGradients() override;
  absl::Status SumGradients() override { return absl::OkStatus(); }
  absl::StatusOr<double> GradientNorm() override;
  absl::Status Step(double learning_rate, double gradient_scale) override;
  absl::Status Remember() override;
  absl::Status TakeBack() override;
  void Forget() override { remembered_.reset(); }
  absl::Status RefreshReference() override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const override;
  absl::StatusOr<GpuCopy> SamplingWeightsOnGpu() const override;
  std::optional<int> gpu() const override { return device_.is_cpu() ? std::nullopt : std::optional<int>(device_.index()); }
  absl::StatusOr<TrainerState> State() const override;
  absl::Status ReadGradient(int64_t offset, absl::Span<float> values) const override;
  absl::Status AddToGradient(int64_t offset, absl::Span<const float> values) override;
  absl::Status WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> ReferenceWeights() const override;
  absl::Status Restore(const model::Arena& weights, const std::string& state_path) override;

 private:
  struct Snapshot {
    at::Tensor master;
    TensorAdamW::State optimizer;
  };

  // Calls `body` as every entry needs it: nothing is recorded for automatic differentiation, kernels go to the model's device, and what LibTorch throws
  // becomes a status.
  template <typename Body>
  auto Enter(const Body& body) const;
  // Compute weights from the master.
  void Round();
  // A copy in the host's memory, in that type.
  absl::StatusOr<std::shared_ptr<const model::Arena>> CopyOf(const at::Tensor& from, model::DType dtype) const;
  model::DType compute_dtype() const { return Rounds() ? model::DType::kBfloat16 : model::DType::kFloat32; }
  bool Rounds() const { return compute_type_ != at::kFloat; }

  const PolicyModelOptions options_;
  const model::ArenaLayout layout_;
  const at::Device device_;
  const at::ScalarType compute_type_;
  TensorLanguageModel language_model_;
  at::Tensor master_;     // fp32; undefined where it does not optimize.
  at::Tensor weights_;    // In the compute type; the master itself where that is fp32.
  at::Tensor gradient_;   // fp32.
  at::Tensor reference_;  // In the compute type, on the device or the host; undefined without one.
  std::unique_ptr<TensorAdamW> optimizer_;  // Null where it does not optimize.
  std::unique_ptr<Snapshot> remembered_;
};

}  // namespace cohort::learner::tensor
