#include "services/learner/pretrain/pretrain.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/model/checkpoint.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/text/tokenizer.h"
#include "services/learner/pretrain/documents.h"
#include "services/learner/pretrain/initialize.h"
#include "services/learner/pretrain/output_directory.h"
#include "services/learner/pretrain/row_packer.h"
#include "services/learner/train/adamw.h"
#include "services/learner/train/catch_errors.h"
#include "services/learner/train/learning_rate.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/work_shares.h"

namespace cohort::learner {
namespace {

// The rows of one pass. The last token of a document predicts nothing and takes no row.
TokenBatch BuildBatch(const std::vector<Document>& documents, const std::vector<int64_t>& chosen) {
  TokenBatch batch;
  for (const int64_t index : chosen) {
    const Document& document = documents[index];
    const int64_t length = document.tokens.size(), first_row = batch.AddRoot(absl::MakeConstSpan(document.tokens).first(length - 1));
    for (int64_t t = document.first_target; t < length; ++t) batch.AddPrediction(first_row + t - 1, document.tokens[t]);
  }
  return batch;
}

// The course of one run.
class Pretraining {
 public:
  Pretraining(const config::v1::PretrainConfig& config, PolicyModel* policy, std::vector<Document> documents)
      : config_(config),
        policy_(policy),
        documents_(std::move(documents)),
        packer_(Lengths(documents_), config.training().rows_per_step(), config.training().row_tokens(), config.model().seed()) {}

  // One optimizer step; fills loss, learning rate and gradient norm.
  absl::Status Step(int64_t step, PretrainProgress& progress);

  int64_t tokens() const { return tokens_; }  // Trained on so far.

 private:
  static std::vector<int64_t> Lengths(const std::vector<Document>& documents) {
    std::vector<int64_t> lengths;
    for (const Document& document : documents) lengths.push_back(document.tokens.size());
    return lengths;
  }

  // Of each worker, the documents of each of its passes: an even share of the step, cut to fit the token budget.
  std::vector<std::vector<std::vector<int64_t>>> Passes(const std::vector<int64_t>& step) const;
  // Adds the gradient of the sum of the losses, times `weight`, and returns that sum.
  absl::StatusOr<double> AccumulatePass(const std::vector<int64_t>& chosen, double weight, int64_t worker);

  const config::v1::PretrainConfig& config_;
  PolicyModel* const policy_;
  const std::vector<Document> documents_;
  RowPacker packer_;
  int64_t tokens_ = 0;
};

absl::Status Pretraining::Step(int64_t step, PretrainProgress& progress) {
  const std::vector<int64_t> chosen = packer_.NextStep();
  int64_t targets = 0;
  for (const int64_t index : chosen) {
    targets += static_cast<int64_t>(documents_[index].tokens.size()) - documents_[index].first_target;
    tokens_ += documents_[index].tokens.size();
  }
  const auto passes = Passes(chosen);
  std::vector<double> losses(policy_->workers());
  const auto accumulate = [&](int64_t worker) -> absl::Status {
    for (const std::vector<int64_t>& pass : passes[worker]) {
      COHORT_ASSIGN_OR_RETURN(const double loss, AccumulatePass(pass, 1.0 / targets, worker));
      losses[worker] += loss;
    }
    return absl::OkStatus();
  };
  COHORT_RETURN_IF_ERROR(policy_->ClearGradients());
  COHORT_RETURN_IF_ERROR(policy_->Run(accumulate));
  progress.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / targets;
  COHORT_ASSIGN_OR_RETURN(progress.gradient_norm, policy_->FinishGradients());
  if (!std::isfinite(progress.loss) || !std::isfinite(progress.gradient_norm)) {
    return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NON_FINITE",
                           absl::StrCat("loss ", progress.loss, ", gradient norm ", progress.gradient_norm,
                                        "; lower optimizer.learning_rate or set optimizer.max_grad_norm"));
  }
  progress.learning_rate = LearningRate(config_.optimizer(), {step}, config_.training().steps());
  return policy_->Step(progress.learning_rate, ClippingScale(progress.gradient_norm, config_.optimizer().max_grad_norm()));
}

std::vector<std::vector<std::vector<int64_t>>> Pretraining::Passes(const std::vector<int64_t>& step) const {
  std::vector<int64_t> lengths;
  for (const int64_t index : step) lengths.push_back(documents_[index].tokens.size());
  std::vector<std::vector<std::vector<int64_t>>> of_workers;
  for (const IndexRange& share : CutEvenly(lengths, policy_->workers())) {
    std::vector<std::vector<int64_t>>& passes = of_workers.emplace_back();
    int64_t used = 0;
    for (int64_t i = share.begin; i < share.end; ++i) {
      if (passes.empty() || used + lengths[i] > config_.optimizer().micro_batch_tokens()) {
        passes.emplace_back();
        used = 0;
      }
      passes.back().push_back(step[i]);
      used += lengths[i];
    }
  }
  return of_workers;
}

absl::StatusOr<double> Pretraining::AccumulatePass(const std::vector<int64_t>& chosen, double weight, int64_t worker) {
  const TokenBatch batch = BuildBatch(documents_, chosen);
  COHORT_ASSIGN_OR_RETURN(const TokenScores scores, policy_->Score(worker, WeightsOf::kPolicy, batch, /*keep=*/true));
  COHORT_RETURN_IF_ERROR(policy_->Backward(worker, batch, std::vector<double>(batch.predictions(), -weight)));
  double loss = 0;
  for (const double logprob : scores.logprobs) loss -= logprob;
  return loss;
}

absl::StatusOr<std::vector<Document>> LoadData(const config::v1::PretrainConfig& config, const model::ModelConfig& model) {
  COHORT_ASSIGN_OR_RETURN(const auto tokenizer, text::Tokenizer::Load(config.model().architecture()));
  DocumentOptions options;
  options.end_token = model.eos_token_ids.empty() ? -1 : model.eos_token_ids.front();
  options.completion_only = config.data().completion_only();
  options.max_tokens = config.training().row_tokens();
  options.vocab_size = model.vocab_size;
  if (model.max_positions > 0 && options.max_tokens > model.max_positions) {
    return absl::InvalidArgumentError(absl::StrCat("training.row_tokens is ", options.max_tokens, "; the model has ", model.max_positions,
                                                   " positions (max_position_embeddings in config.json)"));
  }
  return LoadDocuments(config.data().path(), *tokenizer, options);
}

absl::StatusOr<model::LoadedModel> RandomModel(const config::v1::PretrainConfig& config) {
  model::LoadedModel model;
  COHORT_ASSIGN_OR_RETURN(model.config, model::LoadModelConfig(config.model().architecture()));
  COHORT_ASSIGN_OR_RETURN(model.layout, model::ArenaLayout::Create(model.config));
  COHORT_ASSIGN_OR_RETURN(model.weights, CatchErrors([&] { return std::make_shared<model::Arena>(model.layout.size()); }));
  InitializeWeights(model.config, model.layout, config.model().seed(), config.model().embedding_std(), *model.weights);
  return model;
}

absl::Status TrainAllSteps(const config::v1::PretrainConfig& config, Pretraining& training,
                           const std::function<absl::Status(const PretrainProgress&)>& on_step) {
  const absl::Time begin = absl::Now();
  const int64_t steps = config.training().steps();
  for (int64_t step = 0; step < steps; ++step) {
    PretrainProgress progress;
    const absl::Status trained = training.Step(step, progress);
    if (!trained.ok()) return Annotate(trained, absl::StrCat("step ", step));
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    progress.step = step + 1;
    progress.steps = steps;
    progress.tokens_per_second = training.tokens() / seconds;
    progress.seconds_left = seconds / (step + 1) * (steps - step - 1);
    COHORT_RETURN_IF_ERROR(on_step(progress));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunPretrain(const config::v1::PretrainConfig& config, const std::function<absl::Status(const PretrainProgress&)>& on_step) {
  const std::string &architecture = config.model().architecture(), &output = config.model().output();
  COHORT_RETURN_IF_ERROR(CheckOutput(output, architecture));
  COHORT_ASSIGN_OR_RETURN(model::LoadedModel model, RandomModel(config));
  COHORT_ASSIGN_OR_RETURN(std::vector<Document> documents, LoadData(config, model.config));
  PolicyModelOptions options;
  options.optimizer = config.optimizer();
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<PolicyModel> policy, PolicyModel::Create(options, model));
  Pretraining training(config, policy.get(), std::move(documents));
  COHORT_RETURN_IF_ERROR(TrainAllSteps(config, training, on_step));
  COHORT_ASSIGN_OR_RETURN(const auto weights, policy->Weights());
  model::Convert(*weights, *model.weights);
  return WriteOutput(output, architecture, model);
}

}  // namespace cohort::learner
