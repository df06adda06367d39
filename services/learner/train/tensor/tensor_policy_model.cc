#include "services/learner/train/tensor/tensor_policy_model.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/learner/train/adamw.h"
#include "services/learner/train/catch_errors.h"
#include "services/learner/train/tensor/host_copy.h"
#include "services/learner/train/trainer_state.h"

namespace cohort::learner::tensor {
namespace {

// What every entry needs: nothing is recorded for automatic differentiation, and kernels go to the model's device.
struct Entry {
  explicit Entry(at::Device device) : guard(device) {}
  const c10::InferenceMode no_gradients;
  const c10::DeviceGuard guard;
};

constexpr int64_t kNormPiece = int64_t{1} << 24;

// The square root of the sum of squares, summed in double. In pieces: LibTorch converts all of its argument first, and twice the memory of a whole
// gradient is more than all activations of some models.
double NormOf(const at::Tensor& x) {
  std::vector<at::Tensor> norms;
  for (int64_t begin = 0; begin < x.size(0); begin += kNormPiece) {
    const at::Tensor piece = x.narrow(0, begin, std::min(kNormPiece, x.size(0) - begin));
    norms.push_back(at::linalg_vector_norm(piece, 2, {}, /*keepdim=*/false, at::kDouble));
  }
  return at::linalg_vector_norm(at::stack(norms), 2).item<double>();
}

at::Tensor ViewOf(const model::Arena& arena) {
  const at::ScalarType type = arena.dtype() == model::DType::kFloat32 ? at::kFloat : at::kBFloat16;
  return at::from_blob(const_cast<char*>(arena.bytes().data()), {arena.size()}, type);
}

TensorLanguageModel::Options ModelOptions(const PolicyModelOptions& options) {
  TensorLanguageModel::Options model;
  model.temperature = options.temperature;
  model.checkpoints = options.optimizer.activation_checkpointing();
  return model;
}

}  // namespace

TensorPolicyModel::TensorPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial, at::Device device)
    : PolicyModel(options.reference),
      options_(options),
      layout_(initial.layout),
      device_(device),
      compute_type_(device.is_cpu() ? at::kFloat : at::kBFloat16),
      language_model_(initial.config, initial.layout, device, ModelOptions(options)) {
  const Entry entry(device_);
  master_ = ViewOf(*initial.weights).to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  weights_ = Rounds() ? master_.to(compute_type_) : master_;
  const at::TensorOptions like_master = master_.options();
  if (options.optimizes) {
    optimizer_ = std::make_unique<TensorAdamW>(options.optimizer, initial.layout, device);
  } else {
    master_ = at::Tensor();  // Before the gradient takes as much memory.
  }
  gradient_ = at::zeros({layout_.size()}, like_master);
  if (!options.reference) return;
  reference_ = at::empty_like(weights_, weights_.options().device(options.optimizer.reference_on_host() ? at::kCPU : device_.type()));
  reference_.copy_(weights_);
}

template <typename Body>
auto TensorPolicyModel::Enter(const Body& body) const {
  return CatchErrors([&] {
    const Entry entry(device_);
    return body();
  });
}

absl::Status TensorPolicyModel::Run(const std::function<absl::Status(int64_t worker)>& body) { return body(0); }

absl::StatusOr<TokenScores> TensorPolicyModel::Score(int64_t, WeightsOf which, const TokenBatch& batch, bool keep) {
  return Enter([&] { return language_model_.Score(which == WeightsOf::kPolicy ? weights_ : reference_.to(device_), batch, keep); });
}

absl::Status TensorPolicyModel::Backward(int64_t, const TokenBatch&, const std::vector<double>& dlogprobs) {
  return Enter([&] { language_model_.Backward(weights_, dlogprobs, gradient_); });
}

absl::Status TensorPolicyModel::ClearGradients() {
  return Enter([&] { gradient_.zero_(); });
}

absl::StatusOr<double> TensorPolicyModel::GradientNorm() {
  return Enter([&] { return NormOf(gradient_); });
}

absl::Status TensorPolicyModel::Step(double learning_rate, double gradient_scale) {
  return Enter([&] {
    if (gradient_scale != 1) gradient_.mul_(gradient_scale);
    optimizer_->Step(learning_rate, gradient_, master_);
    Round();
  });
}

void TensorPolicyModel::Round() {
  if (Rounds()) weights_.copy_(master_);
}

absl::Status TensorPolicyModel::Remember() {
  return Enter([&] {
    const TensorAdamW::State& state = optimizer_->state();
    remembered_ = std::make_unique<Snapshot>(Snapshot{master_.clone(), {state.first.clone(), state.second.clone(), state.updates}});
  });
}

absl::Status TensorPolicyModel::TakeBack() {
  if (remembered_ == nullptr) return absl::OkStatus();
  return Enter([&] {
    master_.copy_(remembered_->master);
    optimizer_->SetState(remembered_->optimizer);
    Round();
  });
}

absl::Status TensorPolicyModel::RefreshReference() {
  if (!reference_.defined()) return absl::OkStatus();
  return Enter([&] { reference_.copy_(weights_); });
}

absl::StatusOr<std::shared_ptr<const model::Arena>> TensorPolicyModel::CopyOf(const at::Tensor& from, model::DType dtype) const {
  return Enter([&]() -> std::shared_ptr<const model::Arena> {
    const auto arena = std::make_shared<model::Arena>(layout_.size(), dtype);
    ToHost(from, ViewOf(*arena));
    return arena;
  });
}

absl::StatusOr<std::shared_ptr<const model::Arena>> TensorPolicyModel::Weights() const { return CopyOf(master_, model::DType::kFloat32); }

absl::StatusOr<std::shared_ptr<const model::Arena>> TensorPolicyModel::SamplingWeights() const { return CopyOf(weights_, compute_dtype()); }

absl::StatusOr<std::shared_ptr<const model::Arena>> TensorPolicyModel::ReferenceWeights() const {
  if (!reference_.defined()) return nullptr;
  return CopyOf(reference_, compute_dtype());
}

absl::StatusOr<GpuCopy> TensorPolicyModel::SamplingWeightsOnGpu() const {
  if (device_.is_cpu()) return GpuCopy();
  return Enter([&]() -> GpuCopy {
    const auto copy = std::make_shared<at::Tensor>(weights_.clone());
    copy->select(0, 0).item();  // Waits until it has been made.
    return {std::shared_ptr<const void>(copy, copy->const_data_ptr()), static_cast<int64_t>(copy->nbytes()), device_.index()};
  });
}

absl::Status TensorPolicyModel::ReadGradient(int64_t offset, absl::Span<float> values) const {
  return Enter([&] {
    const int64_t size = static_cast<int64_t>(values.size());
    at::from_blob(values.data(), {size}, at::kFloat).copy_(gradient_.narrow(0, offset, size));
  });
}

absl::Status TensorPolicyModel::AddToGradient(int64_t offset, absl::Span<const float> values) {
  return Enter([&] {
    const int64_t size = static_cast<int64_t>(values.size());
    gradient_.narrow(0, offset, size).add_(at::from_blob(const_cast<float*>(values.data()), {size}, at::kFloat).to(device_));
  });
}

absl::Status TensorPolicyModel::WriteWeights(WeightsOf which, int64_t offset, model::DType dtype, absl::Span<const char> bytes) {
  return Enter([&] {
    const int64_t size = static_cast<int64_t>(bytes.size()) / model::SizeOf(dtype);
    const at::ScalarType type = dtype == model::DType::kFloat32 ? at::kFloat : at::kBFloat16;
    const at::Tensor& to = which == WeightsOf::kReference ? reference_ : weights_;
    to.narrow(0, offset, size).copy_(at::from_blob(const_cast<char*>(bytes.data()), {size}, type));
  });
}

// In the host's memory and in fp32, as on the CPU, so that a run may move from one to the other.
absl::StatusOr<TrainerState> TensorPolicyModel::State() const {
  return Enter([&]() -> TrainerState {
    const auto copy = [this](const at::Tensor& from) {
      model::Arena to(layout_.size());
      ToHost(from, ViewOf(to));
      return to;
    };
    const TensorAdamW::State& state = optimizer_->state();
    return {copy(state.first), copy(state.second), state.updates, reference_.defined() ? std::make_unique<const model::Arena>(copy(reference_)) : nullptr};
  });
}

absl::Status TensorPolicyModel::Restore(const model::Arena& weights, const std::string& state_path) {
  if (weights.size() != layout_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights.size(), " elements for a model of ", layout_.size()));
  }
  return Enter([&] {
    AdamW host(options_.optimizer, layout_);
    std::unique_ptr<model::Arena> reference;
    if (reference_.defined()) reference = std::make_unique<model::Arena>(layout_.size());
    COHORT_RETURN_IF_ERROR(ReadTrainerState(state_path, host, reference.get()));
    optimizer_->SetState({ViewOf(host.first_moments()), ViewOf(host.second_moments()), host.updates()});
    if (reference != nullptr) reference_.copy_(ViewOf(*reference));
    master_.copy_(ViewOf(weights));
    Round();
    return absl::OkStatus();
  });
}

}  // namespace cohort::learner::tensor
