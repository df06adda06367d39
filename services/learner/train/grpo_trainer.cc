#include "services/learner/train/grpo_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/train/learning_rate.h"
#include "services/learner/train/trainer_state.h"

namespace cohort::learner {
namespace {

void Copy(const model::Arena& from, model::Arena& to) { std::memcpy(to.bytes().data(), from.bytes().data(), from.bytes().size()); }

model::Arena CopyOf(const model::Arena& from) {
  model::Arena copy(from.size());
  Copy(from, copy);
  return copy;
}

absl::Status NonFinite(int64_t step, double loss, double norm) {
  return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NON_FINITE",
                         absl::StrCat("step ", step, ": loss ", loss, ", gradient norm ", norm, "; the weights are unchanged"));
}

UpdateMetrics Metrics(const ObjectiveTotals& totals, double norms, double learning_rate, int64_t minibatches) {
  UpdateMetrics metrics;
  const double tokens = static_cast<double>(totals.tokens);
  metrics.loss = totals.loss / minibatches;
  metrics.kl = totals.kl / tokens;
  metrics.entropy = totals.entropy / tokens;
  metrics.grad_norm = norms / minibatches;
  metrics.learning_rate = learning_rate;
  metrics.clip_fraction = totals.clipped / tokens;
  metrics.logprob_diff_mean = totals.logprob_diff / tokens;
  metrics.logprob_diff_max = totals.logprob_diff_max;
  metrics.importance_mean = totals.importance / tokens;
  metrics.tokens = totals.tokens;
  return metrics;
}

absl::Span<const PlannedSample> SamplesOf(const PlannedMinibatch& minibatch, const IndexRange& pass) {
  return absl::MakeConstSpan(minibatch.samples).subspan(pass.begin, pass.end - pass.begin);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const config::v1::RunConfig& config, const model::LoadedModel& initial) {
  if (initial.weights == nullptr || initial.weights->size() != initial.layout.size()) {
    return absl::InvalidArgumentError("the model's weights do not have the size of its layout");
  }
  if (initial.config.head_dim % 2 != 0) return absl::InvalidArgumentError(absl::StrCat("head_dim ", initial.config.head_dim, " is not even"));
  try {
    return std::make_unique<GrpoTrainer>(config, initial);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("cannot create the trainer: ", error.what()));
  }
}

GrpoTrainer::GrpoTrainer(const config::v1::RunConfig& config, const model::LoadedModel& initial)
    : config_(config),
      model_config_(initial.config),
      workers_(initial.config, initial.layout, config.rollout().temperature(), config.optimizer().threads()),
      optimizer_(config.optimizer(), initial.layout),
      weights_(CopyOf(*initial.weights)) {
  if (config.algorithm().kl_coefficient() > 0) reference_ = std::make_unique<model::Arena>(CopyOf(weights_));
}

absl::StatusOr<UpdateMetrics> GrpoTrainer::Update(int64_t step, const std::vector<SampleGroup>& groups) {
  COHORT_ASSIGN_OR_RETURN(const UpdatePlan plan, PlanUpdate(config_, model_config_, workers_.count(), step, groups));
  if (plan.minibatches.empty()) {
    UpdateMetrics nothing;
    nothing.learning_rate = LearningRate(config_.optimizer(), {step}, config_.run().steps());
    return nothing;
  }
  // With one minibatch nothing has changed yet when the update is refused.
  std::optional<Snapshot> before;
  if (plan.minibatches.size() > 1) before = TakeSnapshot();
  absl::StatusOr<UpdateMetrics> metrics = UpdateMetrics();
  try {
    metrics = RunMinibatches(step, plan, groups);
  } catch (const std::exception& error) {
    metrics = absl::InternalError(absl::StrCat("step ", step, ": ", error.what()));
  }
  if (!metrics.ok() && before.has_value()) TakeBack(*before);
  return metrics;
}

absl::StatusOr<UpdateMetrics> GrpoTrainer::RunMinibatches(int64_t step, const UpdatePlan& plan, const std::vector<SampleGroup>& groups) {
  const int64_t minibatches = plan.minibatches.size();
  std::vector<double> old_logprobs;
  if (minibatches > 1) old_logprobs = OldLogprobs(plan, groups);
  ObjectiveTotals totals;
  double norms = 0, learning_rate = 0;
  for (int64_t m = 0; m < minibatches; ++m) {
    const PlannedMinibatch& minibatch = plan.minibatches[m];
    workers_.ClearGradients();
    totals.Add(Accumulate(minibatch, groups, old_logprobs));
    const model::Arena& gradient = workers_.SumGradients();
    const double norm = GradientNorm(gradient);
    if (!std::isfinite(totals.loss) || !std::isfinite(norm)) return NonFinite(step, totals.loss, norm);
    learning_rate = LearningRate(config_.optimizer(), {step, m, minibatches}, config_.run().steps());
    optimizer_.Step(learning_rate, ClippingScale(norm, config_.optimizer().max_grad_norm()), gradient.floats().data(), weights_.floats().data());
    norms += norm;
  }
  return Metrics(totals, norms, learning_rate, minibatches);
}

std::vector<double> GrpoTrainer::OldLogprobs(const UpdatePlan& plan, const std::vector<SampleGroup>& groups) {
  std::vector<double> logprobs(plan.tokens);
  for (const PlannedMinibatch& minibatch : plan.minibatches) {
    workers_.Run([&](int64_t index, GradientWorker& worker) {
      for (const IndexRange& pass : minibatch.passes[index]) {
        const absl::Span<const PlannedSample> samples = SamplesOf(minibatch, pass);
        const TokenScores scores = worker.language_model.Score(weights_.floats().data(), BuildBatch(groups, samples), /*keep=*/false);
        auto next = scores.logprobs.begin();
        for (const PlannedSample& planned : samples) {
          const int64_t tokens = groups[planned.group].samples[planned.sample].completion.size();
          std::copy(next, next + tokens, logprobs.begin() + planned.first_token);
          next += tokens;
        }
      }
    });
  }
  return logprobs;
}

ObjectiveTotals GrpoTrainer::Accumulate(const PlannedMinibatch& minibatch, const std::vector<SampleGroup>& groups,
                                        const std::vector<double>& old_logprobs) {
  std::vector<ObjectiveTotals> totals(workers_.count());
  workers_.Run([&](int64_t index, GradientWorker& worker) {
    for (const IndexRange& pass : minibatch.passes[index]) AccumulatePass(groups, SamplesOf(minibatch, pass), old_logprobs, worker, totals[index]);
  });
  ObjectiveTotals sum;
  for (const ObjectiveTotals& of_worker : totals) sum.Add(of_worker);
  return sum;
}

void GrpoTrainer::AccumulatePass(const std::vector<SampleGroup>& groups, absl::Span<const PlannedSample> samples,
                                 const std::vector<double>& old_logprobs, GradientWorker& worker, ObjectiveTotals& totals) const {
  const TokenBatch batch = BuildBatch(groups, samples);
  // The reference first: both models use the same activations' memory, and Backward wants the policy's.
  TokenScores reference;
  if (reference_ != nullptr) reference = worker.language_model.Score(reference_->floats().data(), batch, /*keep=*/false);
  const TokenScores policy = worker.language_model.Score(weights_.floats().data(), batch, /*keep=*/true);
  std::vector<double> dlogprobs(batch.predictions());
  int64_t first = 0;
  for (const PlannedSample& planned : samples) {
    const Sample& sample = groups[planned.group].samples[planned.sample];
    const int64_t tokens = sample.completion.size();
    ObjectiveInput input;
    input.logprobs = absl::MakeConstSpan(policy.logprobs).subspan(first, tokens);
    input.old_logprobs = old_logprobs.empty() ? input.logprobs : absl::MakeConstSpan(old_logprobs).subspan(planned.first_token, tokens);
    if (reference_ != nullptr) input.reference_logprobs = absl::MakeConstSpan(reference.logprobs).subspan(first, tokens);
    input.entropies = absl::MakeConstSpan(policy.entropies).subspan(first, tokens);
    input.sampler_logprobs = sample.sampler_logprobs;
    input.advantage = planned.advantage;
    input.token_weight = planned.token_weight;
    AddObjective(config_.algorithm(), input, absl::MakeSpan(dlogprobs).subspan(first, tokens), totals);
    first += tokens;
  }
  worker.language_model.Backward(weights_.floats().data(), batch, dlogprobs, worker.gradient.floats().data());
}

std::shared_ptr<const model::Arena> GrpoTrainer::Weights() const { return std::make_shared<const model::Arena>(CopyOf(weights_)); }

void GrpoTrainer::RefreshReference() {
  if (reference_ != nullptr) Copy(weights_, *reference_);
}

absl::Status GrpoTrainer::SaveState(const std::string& path) const { return WriteTrainerState(path, optimizer_, reference_.get()); }

absl::Status GrpoTrainer::Restore(const model::Arena& weights, const std::string& state_path) {
  if (weights.size() != weights_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights.size(), " elements for a model of ", weights_.size()));
  }
  COHORT_RETURN_IF_ERROR(ReadTrainerState(state_path, optimizer_, reference_.get()));
  Copy(weights, weights_);
  return absl::OkStatus();
}

GrpoTrainer::Snapshot GrpoTrainer::TakeSnapshot() const {
  return {CopyOf(weights_), CopyOf(optimizer_.first_moments()), CopyOf(optimizer_.second_moments()), optimizer_.updates()};
}

void GrpoTrainer::TakeBack(const Snapshot& snapshot) {
  Copy(snapshot.weights, weights_);
  Copy(snapshot.first, optimizer_.first_moments());
  Copy(snapshot.second, optimizer_.second_moments());
  optimizer_.set_updates(snapshot.updates);
}

}  // namespace cohort::learner
