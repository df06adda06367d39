#include "services/learner/train/update_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/random/philox.h"
#include "common/status/status_macros.h"
#include "services/learner/train/advantage.h"
#include "services/learner/train/aggregate.h"

namespace cohort::learner {
namespace {

absl::Status CheckTokens(const std::vector<int32_t>& tokens, const model::ModelConfig& model) {
  for (const int32_t token : tokens) {
    if (token < 0 || token >= model.vocab_size) {
      return absl::InvalidArgumentError(absl::StrCat("token ", token, " is outside the model's vocabulary of ", model.vocab_size));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSample(const SampleGroup& group, const Sample& sample, const model::ModelConfig& model) {
  if (sample.completion.empty()) return absl::InvalidArgumentError("an empty completion; it ends with its end-of-sequence token at least");
  if (sample.sampler_logprobs.size() != sample.completion.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(sample.sampler_logprobs.size(), " log-probabilities for ", sample.completion.size(), " completion tokens"));
  }
  if (!std::isfinite(sample.reward) && !sample.masked) return absl::InvalidArgumentError("a reward that is not a finite number");
  const int64_t length = group.prompt.size() + sample.completion.size();
  if (model.max_positions > 0 && length > model.max_positions) {
    return absl::InvalidArgumentError(absl::StrCat(length, " tokens; the model has ", model.max_positions, " positions"));
  }
  return CheckTokens(sample.completion, model);
}

absl::Status CheckGroup(const SampleGroup& group, const model::ModelConfig& model) {
  if (group.prompt.empty()) return absl::InvalidArgumentError("an empty prompt");
  COHORT_RETURN_IF_ERROR(CheckTokens(group.prompt, model));
  for (const Sample& sample : group.samples) COHORT_RETURN_IF_ERROR(CheckSample(group, sample, model));
  return absl::OkStatus();
}

// All unmasked samples with their advantages, in order.
std::vector<PlannedSample> PlanSamples(const config::v1::AlgorithmSection& algorithm, const std::vector<SampleGroup>& groups) {
  std::vector<PlannedSample> planned;
  int64_t first_token = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    std::vector<GroupReward> rewards;
    for (const Sample& sample : groups[g].samples) rewards.push_back({sample.reward, sample.masked});
    const std::vector<double> advantages = Advantages(algorithm.advantage(), rewards);
    for (size_t s = 0; s < groups[g].samples.size(); ++s) {
      if (groups[g].samples[s].masked) continue;
      planned.push_back({.group = static_cast<int64_t>(g), .sample = static_cast<int64_t>(s), .first_token = first_token, .advantage = advantages[s]});
      first_token += groups[g].samples[s].completion.size();
    }
  }
  return planned;
}

// Fisher-Yates by Philox. The stream's number keeps it apart from others of the same seed.
void Shuffle(uint64_t seed, int64_t step, std::vector<PlannedSample>& samples) {
  constexpr uint64_t kMinibatchStream = uint64_t{0x6d62} << 48;
  random::Stream stream(seed, kMinibatchStream | static_cast<uint64_t>(step));
  for (size_t i = samples.size(); i > 1; --i) std::swap(samples[i - 1], samples[stream.NextBelow(static_cast<uint32_t>(i))]);
}

std::vector<std::vector<PlannedSample>> Split(const config::v1::RunConfig& config, int64_t step, std::vector<PlannedSample> samples) {
  const int64_t parts = std::max(config.algorithm().minibatches(), 1), count = samples.size();
  if (parts > 1) Shuffle(config.run().seed(), step, samples);
  std::vector<std::vector<PlannedSample>> minibatches;
  for (int64_t part = 0; part < parts; ++part) {
    std::vector<PlannedSample> minibatch(samples.begin() + count * part / parts, samples.begin() + count * (part + 1) / parts);
    std::sort(minibatch.begin(), minibatch.end(), [](const PlannedSample& a, const PlannedSample& b) { return a.first_token < b.first_token; });
    if (!minibatch.empty()) minibatches.push_back(std::move(minibatch));
  }
  return minibatches;
}

void WeighTokens(const config::v1::RunConfig& config, const std::vector<SampleGroup>& groups, std::vector<PlannedSample>& minibatch) {
  std::vector<SequenceShape> shapes;
  for (const PlannedSample& planned : minibatch) {
    shapes.push_back({static_cast<int64_t>(groups[planned.group].samples[planned.sample].completion.size()), planned.group});
  }
  const std::vector<double> weights = AggregationWeights(config.algorithm().aggregation(), shapes, config.rollout().max_new_tokens());
  for (size_t i = 0; i < minibatch.size(); ++i) minibatch[i].token_weight = weights[i];
}

// Fills passes up to the budget in order; a prompt counts once in each pass that has completions of it, and each pass has one sample at least.
std::vector<IndexRange> CutIntoPasses(const std::vector<SampleGroup>& groups, const std::vector<PlannedSample>& samples, IndexRange share,
                                      int64_t budget) {
  std::vector<IndexRange> passes;
  int64_t used = 0;
  for (int64_t i = share.begin; i < share.end; ++i) {
    const SampleGroup& group = groups[samples[i].group];
    const int64_t completion = static_cast<int64_t>(group.samples[samples[i].sample].completion.size()) - 1;
    const int64_t prompt = group.prompt.size();
    const bool shares = i > share.begin && samples[i].group == samples[i - 1].group;
    int64_t cost = completion + (shares ? 0 : prompt);
    if (passes.empty() || used + cost > budget) {
      passes.push_back({i, i});
      used = 0;
      cost = completion + prompt;
    }
    passes.back().end = i + 1;
    used += cost;
  }
  return passes;
}

std::vector<std::vector<IndexRange>> PassesOfWorkers(const std::vector<SampleGroup>& groups, const std::vector<PlannedSample>& samples,
                                                     int64_t workers, int64_t budget) {
  std::vector<int64_t> costs;
  for (const PlannedSample& planned : samples) costs.push_back(groups[planned.group].samples[planned.sample].completion.size());
  std::vector<std::vector<IndexRange>> passes;
  for (const IndexRange& share : CutEvenly(costs, workers)) passes.push_back(CutIntoPasses(groups, samples, share, budget));
  return passes;
}

}  // namespace

absl::StatusOr<UpdatePlan> PlanUpdate(const config::v1::RunConfig& config, const model::ModelConfig& model, int64_t workers, int64_t step,
                                      const std::vector<SampleGroup>& groups) {
  for (size_t g = 0; g < groups.size(); ++g) {
    const absl::Status checked = CheckGroup(groups[g], model);
    if (!checked.ok()) return absl::InvalidArgumentError(absl::StrCat("step ", step, ", group ", g, ": ", checked.message()));
  }
  std::vector<PlannedSample> samples = PlanSamples(config.algorithm(), groups);
  UpdatePlan plan;
  for (const PlannedSample& planned : samples) plan.tokens += groups[planned.group].samples[planned.sample].completion.size();
  for (std::vector<PlannedSample>& minibatch : Split(config, step, std::move(samples))) {
    WeighTokens(config, groups, minibatch);
    std::vector<std::vector<IndexRange>> passes = PassesOfWorkers(groups, minibatch, workers, config.optimizer().micro_batch_tokens());
    plan.minibatches.push_back({std::move(minibatch), std::move(passes)});
  }
  return plan;
}

TokenBatch BuildBatch(const std::vector<SampleGroup>& groups, absl::Span<const PlannedSample> samples) {
  TokenBatch batch;
  int64_t group = -1, last_prompt_row = 0;
  for (const PlannedSample& planned : samples) {
    const SampleGroup& source = groups[planned.group];
    if (planned.group != group) {
      group = planned.group;
      last_prompt_row = batch.AddRoot(source.prompt) + source.prompt.size() - 1;
    }
    const std::vector<int32_t>& completion = source.samples[planned.sample].completion;
    const int64_t first_row = batch.AddChild(absl::MakeConstSpan(completion).first(completion.size() - 1));
    for (size_t t = 0; t < completion.size(); ++t) {
      batch.AddPrediction(t == 0 ? last_prompt_row : first_row + static_cast<int64_t>(t) - 1, completion[t]);
    }
  }
  return batch;
}

}  // namespace cohort::learner
