#include "services/learner/train/grpo_trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/model/model_config.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/train/adamw.h"
#include "services/learner/train/learning_rate.h"

namespace cohort::learner {
namespace {

absl::Status NonFinite(double loss, double norm) {
  return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NON_FINITE", absl::StrCat("loss ", loss, ", gradient norm ", norm));
}

// Why a step ended before it changed anything, or after all was taken back: of the errors for a reason, on which callers go on, that is promised.
absl::Status OfStep(int64_t step, const absl::Status& error) {
  const std::string reason = ErrorReason(error);
  if (reason.empty()) return Annotate(error, absl::StrCat("step ", step));
  return ErrorWithReason(error.code(), reason, absl::StrCat("step ", step, ": ", error.message(), "; the weights are unchanged"));
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

PolicyModelOptions PolicyModelOptionsOf(const config::v1::RunConfig& config, const model::ModelConfig& model) {
  PolicyModelOptions options;
  options.optimizer = config.optimizer();
  options.temperature = config.rollout().temperature();
  options.reference = config.algorithm().kl_coefficient() > 0;
  options.may_go_back = config.algorithm().minibatches() > 1;
  options.broadcasts = config::BroadcastsWeights(config);
  options.longest_sequence = model::ContextFor(model, config::LongestSequence(config));
  return options;
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const config::v1::RunConfig& config, const model::LoadedModel& initial,
                                                         const Distribute& distribute) {
  if (initial.weights == nullptr || initial.weights->size() != initial.layout.size()) {
    return absl::InvalidArgumentError("the model's weights do not have the size of its layout");
  }
  if (initial.config.head_dim % 2 != 0) return absl::InvalidArgumentError(absl::StrCat("head_dim ", initial.config.head_dim, " is not even"));
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<PolicyModel> policy, PolicyModel::Create(PolicyModelOptionsOf(config, initial.config), initial));
  if (distribute) policy = distribute(std::move(policy));
  return std::make_unique<GrpoTrainer>(config, initial.config, std::move(policy));
}

GrpoTrainer::GrpoTrainer(const config::v1::RunConfig& config, const model::ModelConfig& model_config, std::unique_ptr<PolicyModel> policy)
    : config_(config), model_config_(model_config), policy_(std::move(policy)) {}

absl::StatusOr<UpdateMetrics> GrpoTrainer::Update(int64_t step, const std::vector<SampleGroup>& groups) {
  if (const absl::Status gathered = policy_->GatherWorkers(); !gathered.ok()) return OfStep(step, gathered);
  COHORT_ASSIGN_OR_RETURN(const UpdatePlan plan, PlanUpdate(config_, model_config_, policy_->workers(), step, groups));
  if (plan.minibatches.empty()) {
    UpdateMetrics nothing;
    nothing.learning_rate = LearningRate(config_.optimizer(), {step}, config_.run().steps());
    return nothing;
  }
  absl::StatusOr<UpdateMetrics> metrics = RunMinibatches(step, plan, groups);
  // With one minibatch nothing has changed yet when the update is refused.
  const bool changed = !metrics.ok() && plan.minibatches.size() > 1;
  const absl::Status taken_back = changed ? policy_->TakeBack() : absl::OkStatus();
  policy_->Forget();
  if (!taken_back.ok()) {
    return absl::InternalError(absl::StrCat("step ", step, ": ", metrics.status().message(), "; and the weights before it cannot be restored: ", taken_back.message()));
  }
  if (!metrics.ok()) return OfStep(step, metrics.status());
  return metrics;
}

absl::StatusOr<TrainerSnapshot> GrpoTrainer::Snapshot() const {
  absl::StatusOr<std::shared_ptr<const model::Arena>> weights = policy_->Weights();
  absl::StatusOr<TrainerState> state = weights.ok() ? policy_->State() : weights.status();
  if (!state.ok()) return Annotate(state.status(), "no copy of weights and optimizer state could be made");
  return TrainerSnapshot{*std::move(weights), *std::move(state)};
}

absl::StatusOr<UpdateMetrics> GrpoTrainer::RunMinibatches(int64_t step, const UpdatePlan& plan, const std::vector<SampleGroup>& groups) {
  const int64_t minibatches = plan.minibatches.size();
  std::vector<double> old_logprobs;
  if (minibatches > 1) {
    COHORT_RETURN_IF_ERROR(policy_->Remember());
    COHORT_ASSIGN_OR_RETURN(old_logprobs, OldLogprobs(plan, groups));
  }
  ObjectiveTotals totals;
  double norms = 0, learning_rate = 0;
  for (int64_t m = 0; m < minibatches; ++m) {
    const PlannedMinibatch& minibatch = plan.minibatches[m];
    COHORT_RETURN_IF_ERROR(policy_->ClearGradients());
    COHORT_ASSIGN_OR_RETURN(const ObjectiveTotals of_minibatch, Accumulate(minibatch, groups, old_logprobs));
    totals.Add(of_minibatch);
    COHORT_ASSIGN_OR_RETURN(const double norm, policy_->FinishGradients());
    if (!std::isfinite(totals.loss) || !std::isfinite(norm)) return NonFinite(totals.loss, norm);
    learning_rate = LearningRate(config_.optimizer(), {step, m, minibatches}, config_.run().steps());
    COHORT_RETURN_IF_ERROR(policy_->Step(learning_rate, ClippingScale(norm, config_.optimizer().max_grad_norm())));
    norms += norm;
  }
  return Metrics(totals, norms, learning_rate, minibatches);
}

absl::StatusOr<std::vector<double>> GrpoTrainer::OldLogprobs(const UpdatePlan& plan, const std::vector<SampleGroup>& groups) {
  std::vector<double> logprobs(plan.tokens);
  for (const PlannedMinibatch& minibatch : plan.minibatches) {
    const auto score = [&](int64_t worker) -> absl::Status {
      for (const IndexRange& pass : minibatch.passes[worker]) {
        const absl::Span<const PlannedSample> samples = SamplesOf(minibatch, pass);
        COHORT_ASSIGN_OR_RETURN(const TokenScores scores, policy_->Score(worker, WeightsOf::kPolicy, BuildBatch(groups, samples), /*keep=*/false));
        auto next = scores.logprobs.begin();
        for (const PlannedSample& planned : samples) {
          const int64_t tokens = groups[planned.group].samples[planned.sample].completion.size();
          std::copy(next, next + tokens, logprobs.begin() + planned.first_token);
          next += tokens;
        }
      }
      return absl::OkStatus();
    };
    COHORT_RETURN_IF_ERROR(policy_->Run(score));
  }
  return logprobs;
}

absl::StatusOr<ObjectiveTotals> GrpoTrainer::Accumulate(const PlannedMinibatch& minibatch, const std::vector<SampleGroup>& groups,
                                                        const std::vector<double>& old_logprobs) {
  std::vector<ObjectiveTotals> totals(policy_->workers());
  const auto accumulate = [&](int64_t worker) -> absl::Status {
    for (const IndexRange& pass : minibatch.passes[worker]) {
      COHORT_RETURN_IF_ERROR(AccumulatePass(groups, SamplesOf(minibatch, pass), old_logprobs, worker, totals[worker]));
    }
    return absl::OkStatus();
  };
  COHORT_RETURN_IF_ERROR(policy_->Run(accumulate));
  ObjectiveTotals sum;
  for (const ObjectiveTotals& of_worker : totals) sum.Add(of_worker);
  return sum;
}

absl::Status GrpoTrainer::AccumulatePass(const std::vector<SampleGroup>& groups, absl::Span<const PlannedSample> samples,
                                         const std::vector<double>& old_logprobs, int64_t worker, ObjectiveTotals& totals) {
  const TokenBatch batch = BuildBatch(groups, samples);
  // The reference first: both models use the same activations' memory, and Backward wants the policy's.
  TokenScores reference;
  if (policy_->has_reference()) {
    COHORT_ASSIGN_OR_RETURN(reference, policy_->Score(worker, WeightsOf::kReference, batch, /*keep=*/false));
  }
  COHORT_ASSIGN_OR_RETURN(const TokenScores policy, policy_->Score(worker, WeightsOf::kPolicy, batch, /*keep=*/true));
  std::vector<double> dlogprobs(batch.predictions());
  int64_t first = 0;
  for (const PlannedSample& planned : samples) {
    const Sample& sample = groups[planned.group].samples[planned.sample];
    const int64_t tokens = sample.completion.size();
    ObjectiveInput input;
    input.logprobs = absl::MakeConstSpan(policy.logprobs).subspan(first, tokens);
    input.old_logprobs = old_logprobs.empty() ? input.logprobs : absl::MakeConstSpan(old_logprobs).subspan(planned.first_token, tokens);
    if (policy_->has_reference()) input.reference_logprobs = absl::MakeConstSpan(reference.logprobs).subspan(first, tokens);
    input.entropies = absl::MakeConstSpan(policy.entropies).subspan(first, tokens);
    input.sampler_logprobs = sample.sampler_logprobs;
    input.advantage = planned.advantage;
    input.token_weight = planned.token_weight;
    AddObjective(config_.algorithm(), input, absl::MakeSpan(dlogprobs).subspan(first, tokens), totals);
    first += tokens;
  }
  return policy_->Backward(worker, batch, dlogprobs);
}

}  // namespace cohort::learner
