#include "services/learner/train/host_policy_model.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/learner/train/catch_errors.h"
#include "services/learner/train/trainer_state.h"

namespace cohort::learner {
namespace {

void Copy(const model::Arena& from, model::Arena& to) { std::memcpy(to.bytes().data(), from.bytes().data(), from.bytes().size()); }

model::Arena CopyOf(const model::Arena& from) {
  model::Arena copy(from.size());
  Copy(from, copy);
  return copy;
}

}  // namespace

HostPolicyModel::HostPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial)
    : PolicyModel(options.reference),
      workers_(initial.config, initial.layout, options.temperature, options.optimizer.threads()),
      optimizer_(options.optimizes ? std::make_unique<AdamW>(options.optimizer, initial.layout) : nullptr),
      weights_(CopyOf(*initial.weights)) {
  if (options.reference) reference_ = std::make_unique<model::Arena>(CopyOf(weights_));
}

absl::Status HostPolicyModel::Run(const std::function<absl::Status(int64_t worker)>& body) {
  return workers_.Run([&](int64_t index, GradientWorker&) { return body(index); });
}

absl::StatusOr<TokenScores> HostPolicyModel::Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) {
  const model::Arena& used = weights == WeightsOf::kReference ? *reference_ : weights_;
  return CatchErrors([&] { return workers_.worker(worker).language_model.Score(used.floats().data(), batch, keep); });
}

absl::Status HostPolicyModel::Backward(int64_t index, const TokenBatch& batch, const std::vector<double>& dlogprobs) {
  GradientWorker& worker = workers_.worker(index);
  return CatchErrors([&] { worker.language_model.Backward(weights_.floats().data(), batch, dlogprobs, worker.gradient.floats().data()); });
}

absl::Status HostPolicyModel::ClearGradients() {
  workers_.ClearGradients();
  return absl::OkStatus();
}

absl::Status HostPolicyModel::SumGradients() {
  workers_.SumGradients();
  return absl::OkStatus();
}

absl::StatusOr<double> HostPolicyModel::GradientNorm() {
  return CatchErrors([this] { return learner::GradientNorm(workers_.worker(0).gradient); });
}

absl::Status HostPolicyModel::Step(double learning_rate, double gradient_scale) {
  return CatchErrors(
      [&] { optimizer_->Step(learning_rate, gradient_scale, workers_.worker(0).gradient.floats().data(), weights_.floats().data()); });
}

absl::Status HostPolicyModel::Remember() {
  return CatchErrors([this] {
    remembered_ = std::make_unique<Snapshot>(
        Snapshot{CopyOf(weights_), CopyOf(optimizer_->first_moments()), CopyOf(optimizer_->second_moments()), optimizer_->updates()});
  });
}

absl::Status HostPolicyModel::TakeBack() {
  if (remembered_ == nullptr) return absl::OkStatus();
  Copy(remembered_->weights, weights_);
  Copy(remembered_->first, optimizer_->first_moments());
  Copy(remembered_->second, optimizer_->second_moments());
  optimizer_->set_updates(remembered_->updates);
  return absl::OkStatus();
}

absl::Status HostPolicyModel::RefreshReference() {
  if (reference_ != nullptr) Copy(weights_, *reference_);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const model::Arena>> HostPolicyModel::Weights() const {
  return CatchErrors([this] { return std::make_shared<const model::Arena>(CopyOf(weights_)); });
}

absl::Status HostPolicyModel::ReadGradient(int64_t offset, absl::Span<float> values) const {
  const absl::Span<const float> sum = workers_.worker(0).gradient.floats().subspan(offset, values.size());
  std::copy(sum.begin(), sum.end(), values.begin());
  return absl::OkStatus();
}

absl::Status HostPolicyModel::AddToGradient(int64_t offset, absl::Span<const float> values) {
  float* sum = workers_.worker(0).gradient.floats().data() + offset;
  for (size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
  return absl::OkStatus();
}

absl::Status HostPolicyModel::WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) {
  float* to = (weights == WeightsOf::kReference ? *reference_ : weights_).floats().data() + offset;
  if (dtype == model::DType::kFloat32) {
    std::memcpy(to, bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  for (size_t i = 0; i < bytes.size() / sizeof(uint16_t); ++i) {
    uint16_t value;
    std::memcpy(&value, bytes.data() + i * sizeof(value), sizeof(value));
    to[i] = model::BfloatToFloat(value);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const model::Arena>> HostPolicyModel::ReferenceWeights() const {
  if (reference_ == nullptr) return nullptr;
  return CatchErrors([this] { return std::make_shared<const model::Arena>(CopyOf(*reference_)); });
}

absl::StatusOr<TrainerState> HostPolicyModel::State() const {
  return CatchErrors([this] {
    return TrainerState{CopyOf(optimizer_->first_moments()), CopyOf(optimizer_->second_moments()), optimizer_->updates(),
                        reference_ == nullptr ? nullptr : std::make_unique<const model::Arena>(CopyOf(*reference_))};
  });
}

absl::Status HostPolicyModel::Restore(const model::Arena& weights, const std::string& state_path) {
  if (weights.size() != weights_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights.size(), " elements for a model of ", weights_.size()));
  }
  COHORT_RETURN_IF_ERROR(ReadTrainerState(state_path, *optimizer_, reference_.get()));
  Copy(weights, weights_);
  return absl::OkStatus();
}

}  // namespace cohort::learner
