#include "services/learner/train/tensor/tensor_policy_model.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/learner/train/adamw.h"
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

void TensorPolicyModel::Run(const std::function<void(int64_t worker)>& body) {
  const Entry entry(device_);
  try {
    body(0);
  } catch (const c10::OutOfMemoryError& error) {
    throw std::runtime_error(absl::StrCat(error.what_without_backtrace(),
                                          "; lower optimizer.micro_batch_tokens, set optimizer.activation_checkpointing, or give the rollout workers on this "
                                          "GPU less (rollout.kv_megabytes)"));
  } catch (const c10::Error& error) {
    throw std::runtime_error(error.what_without_backtrace());
  }
}

TokenScores TensorPolicyModel::Score(int64_t, WeightsOf which, const TokenBatch& batch, bool keep) {
  const Entry entry(device_);
  if (which == WeightsOf::kPolicy) return language_model_.Score(weights_, batch, keep);
  return language_model_.Score(reference_.to(device_), batch, keep);
}

void TensorPolicyModel::Backward(int64_t, const TokenBatch&, const std::vector<double>& dlogprobs) {
  const Entry entry(device_);
  language_model_.Backward(weights_, dlogprobs, gradient_);
}

void TensorPolicyModel::ClearGradients() {
  const Entry entry(device_);
  gradient_.zero_();
}

double TensorPolicyModel::GradientNorm() {
  const Entry entry(device_);
  return NormOf(gradient_);
}

void TensorPolicyModel::Step(double learning_rate, double gradient_scale) {
  const Entry entry(device_);
  if (gradient_scale != 1) gradient_.mul_(gradient_scale);
  optimizer_->Step(learning_rate, gradient_, master_);
  Round();
}

void TensorPolicyModel::Round() {
  if (Rounds()) weights_.copy_(master_);
}

void TensorPolicyModel::Remember() {
  const Entry entry(device_);
  const TensorAdamW::State& state = optimizer_->state();
  remembered_ = std::make_unique<Snapshot>(Snapshot{master_.clone(), {state.first.clone(), state.second.clone(), state.updates}});
}

void TensorPolicyModel::TakeBack() {
  if (remembered_ == nullptr) return;
  const Entry entry(device_);
  master_.copy_(remembered_->master);
  optimizer_->SetState(remembered_->optimizer);
  Round();
}

void TensorPolicyModel::RefreshReference() {
  const Entry entry(device_);
  if (reference_.defined()) reference_.copy_(weights_);
}

std::shared_ptr<const model::Arena> TensorPolicyModel::Weights() const {
  const Entry entry(device_);
  auto arena = std::make_shared<model::Arena>(layout_.size());
  ToHost(master_, ViewOf(*arena));
  return arena;
}

std::shared_ptr<const model::Arena> TensorPolicyModel::SamplingWeights() const {
  const Entry entry(device_);
  auto arena = std::make_shared<model::Arena>(layout_.size(), Rounds() ? model::DType::kBfloat16 : model::DType::kFloat32);
  ToHost(weights_, ViewOf(*arena));
  return arena;
}

GpuCopy TensorPolicyModel::SamplingWeightsOnGpu() const {
  if (device_.is_cpu()) return {};
  const Entry entry(device_);
  const auto copy = std::make_shared<at::Tensor>(weights_.clone());
  copy->select(0, 0).item();  // Waits until it has been made.
  return {std::shared_ptr<const void>(copy, copy->const_data_ptr()), static_cast<int64_t>(copy->nbytes()), device_.index()};
}

void TensorPolicyModel::ReadGradient(int64_t offset, absl::Span<float> values) const {
  const Entry entry(device_);
  const int64_t size = static_cast<int64_t>(values.size());
  at::from_blob(values.data(), {size}, at::kFloat).copy_(gradient_.narrow(0, offset, size));
}

void TensorPolicyModel::AddToGradient(int64_t offset, absl::Span<const float> values) {
  const Entry entry(device_);
  const int64_t size = static_cast<int64_t>(values.size());
  gradient_.narrow(0, offset, size).add_(at::from_blob(const_cast<float*>(values.data()), {size}, at::kFloat).to(device_));
}

void TensorPolicyModel::WriteWeights(WeightsOf which, int64_t offset, model::DType dtype, absl::Span<const char> bytes) {
  const Entry entry(device_);
  const int64_t size = static_cast<int64_t>(bytes.size()) / model::SizeOf(dtype);
  const at::ScalarType type = dtype == model::DType::kFloat32 ? at::kFloat : at::kBFloat16;
  const at::Tensor& to = which == WeightsOf::kReference ? reference_ : weights_;
  to.narrow(0, offset, size).copy_(at::from_blob(const_cast<char*>(bytes.data()), {size}, type));
}

std::shared_ptr<const model::Arena> TensorPolicyModel::ReferenceWeights() const {
  if (!reference_.defined()) return nullptr;
  const Entry entry(device_);
  auto arena = std::make_shared<model::Arena>(layout_.size(), Rounds() ? model::DType::kBfloat16 : model::DType::kFloat32);
  ToHost(reference_, ViewOf(*arena));
  return arena;
}

// In the host's memory and in fp32, as on the CPU, so that a run may move from one to the other.
TrainerState TensorPolicyModel::State() const {
  const Entry entry(device_);
  const auto copy = [this](const at::Tensor& from) {
    model::Arena to(layout_.size());
    ToHost(from, ViewOf(to));
    return to;
  };
  const TensorAdamW::State& state = optimizer_->state();
  return {copy(state.first), copy(state.second), state.updates, reference_.defined() ? std::make_unique<const model::Arena>(copy(reference_)) : nullptr};
}

absl::Status TensorPolicyModel::Restore(const model::Arena& weights, const std::string& state_path) {
  if (weights.size() != layout_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights.size(), " elements for a model of ", layout_.size()));
  }
  const Entry entry(device_);
  AdamW host(options_.optimizer, layout_);
  std::unique_ptr<model::Arena> reference;
  if (reference_.defined()) reference = std::make_unique<model::Arena>(layout_.size());
  COHORT_RETURN_IF_ERROR(ReadTrainerState(state_path, host, reference.get()));
  optimizer_->SetState({ViewOf(host.first_moments()), ViewOf(host.second_moments()), host.updates()});
  if (reference != nullptr) reference_.copy_(ViewOf(*reference));
  master_.copy_(ViewOf(weights));
  Round();
  return absl::OkStatus();
}

}  // namespace cohort::learner::tensor
