#include "services/learner/train/host_policy_model.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
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
      optimizer_(options.optimizer, initial.layout),
      weights_(CopyOf(*initial.weights)) {
  if (options.reference) reference_ = std::make_unique<model::Arena>(CopyOf(weights_));
}

void HostPolicyModel::Run(const std::function<void(int64_t worker)>& body) {
  workers_.Run([&](int64_t index, GradientWorker&) { body(index); });
}

TokenScores HostPolicyModel::Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) {
  const model::Arena& used = weights == WeightsOf::kReference ? *reference_ : weights_;
  return workers_.worker(worker).language_model.Score(used.floats().data(), batch, keep);
}

void HostPolicyModel::Backward(int64_t index, const TokenBatch& batch, const std::vector<double>& dlogprobs) {
  GradientWorker& worker = workers_.worker(index);
  worker.language_model.Backward(weights_.floats().data(), batch, dlogprobs, worker.gradient.floats().data());
}

double HostPolicyModel::FinishGradients() { return GradientNorm(workers_.SumGradients()); }

void HostPolicyModel::Step(double learning_rate, double gradient_scale) {
  optimizer_.Step(learning_rate, gradient_scale, workers_.worker(0).gradient.floats().data(), weights_.floats().data());
}

void HostPolicyModel::Remember() {
  remembered_ = std::make_unique<Snapshot>(
      Snapshot{CopyOf(weights_), CopyOf(optimizer_.first_moments()), CopyOf(optimizer_.second_moments()), optimizer_.updates()});
}

void HostPolicyModel::TakeBack() {
  if (remembered_ == nullptr) return;
  Copy(remembered_->weights, weights_);
  Copy(remembered_->first, optimizer_.first_moments());
  Copy(remembered_->second, optimizer_.second_moments());
  optimizer_.set_updates(remembered_->updates);
}

void HostPolicyModel::RefreshReference() {
  if (reference_ != nullptr) Copy(weights_, *reference_);
}

std::shared_ptr<const model::Arena> HostPolicyModel::Weights() const { return std::make_shared<const model::Arena>(CopyOf(weights_)); }

TrainerState HostPolicyModel::State() const {
  return {CopyOf(optimizer_.first_moments()), CopyOf(optimizer_.second_moments()), optimizer_.updates(),
          reference_ == nullptr ? nullptr : std::make_unique<const model::Arena>(CopyOf(*reference_))};
}

absl::Status HostPolicyModel::Restore(const model::Arena& weights, const std::string& state_path) {
  if (weights.size() != weights_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights.size(), " elements for a model of ", weights_.size()));
  }
  COHORT_RETURN_IF_ERROR(ReadTrainerState(state_path, optimizer_, reference_.get()));
  Copy(weights, weights_);
  return absl::OkStatus();
}

}  // namespace cohort::learner
