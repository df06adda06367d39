#include "services/learner/loop/step_groups.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

constexpr int kLengthBins = 20;

// Sums over the samples of a step.
struct Sums {
  double samples = 0;
  double rewarded = 0;  // Samples that are not masked.
  double reward = 0;
  double reward_squares = 0;
  double correct = 0;
  double format = 0;
  double tokens = 0;
  double truncated = 0;
  double self_check = 0;
  double unscored = 0;
  double staleness = 0;
  int64_t max_staleness = 0;
  int64_t longest = 0;
  std::vector<int64_t> lengths = std::vector<int64_t>(kLengthBins);
};

bool ChecksItself(const config::v1::RunConfig& config, const std::string& text) {
  const auto& words = config.evaluation().self_check_words();
  return std::any_of(words.begin(), words.end(), [&text](const std::string& word) { return !word.empty() && absl::StrContains(text, word); });
}

void AddCompletion(const config::v1::RunConfig& config, int64_t step, const learner::v1::Completion& completion, const ScalarReward& reward,
                   Sums& sums) {
  const int64_t tokens = completion.token_ids_size();
  sums.samples += 1;
  if (!reward.masked) {
    sums.rewarded += 1;
    sums.reward += reward.value;
    sums.reward_squares += reward.value * reward.value;
  }
  sums.correct += completion.score().verdict() == reward::v1::VERDICT_CORRECT;
  sums.format += completion.score().format_ok();
  sums.truncated += completion.finish_reason() == common::v1::FINISH_REASON_LENGTH;
  sums.self_check += ChecksItself(config, completion.text());
  sums.unscored += reward.unscored;
  sums.tokens += static_cast<double>(tokens);
  sums.longest = std::max(sums.longest, tokens);
  // Bin i holds lengths in (i·w, (i+1)·w]; no completion is empty.
  const int64_t most = config.rollout().max_new_tokens();
  ++sums.lengths[std::clamp<int64_t>((tokens * kLengthBins - 1) / most, 0, kLengthBins - 1)];
  for (const learner::v1::VersionSpan& span : completion.versions()) {
    const int64_t staleness = step - span.policy_version();
    sums.staleness += static_cast<double>(staleness) * span.token_count();
    sums.max_staleness = std::max(sums.max_staleness, staleness);
  }
}

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

const char* OutcomeName(SlotOutcome outcome) {
  switch (outcome) {
    case SlotOutcome::kTrained:
      return "trained";
    case SlotOutcome::kDropped:
      return "dropped";
    case SlotOutcome::kGivenUp:
      return "given_up";
  }
  return "";
}

}  // namespace

bool ZeroSpread(const std::vector<ScalarReward>& rewards) {
  const ScalarReward* first = nullptr;
  for (const ScalarReward& reward : rewards) {
    if (reward.masked) continue;
    if (first == nullptr) first = &reward;
    if (reward.value != first->value) return false;
  }
  return true;
}

void ChooseOutcomes(const config::v1::RunConfig& config, std::vector<SlotGroup>& slots) {
  const bool dynamic = config.algorithm().dynamic_sampling();
  int64_t room = dynamic ? config.algorithm().prompts_per_step() : static_cast<int64_t>(slots.size());
  for (SlotGroup& slot : slots) {
    if (slot.group.completions_size() == 0) {
      slot.outcome = SlotOutcome::kGivenUp;
    } else if (room == 0 || (dynamic && ZeroSpread(slot.rewards))) {
      slot.outcome = SlotOutcome::kDropped;
    } else {
      slot.outcome = SlotOutcome::kTrained;
      --room;
    }
  }
}

SampleGroup ToSampleGroup(const SlotGroup& slot, const std::vector<int32_t>& prompt) {
  SampleGroup group;
  group.prompt = prompt;
  group.samples.reserve(slot.rewards.size());
  for (size_t i = 0; i < slot.rewards.size(); ++i) {
    const learner::v1::Completion& completion = slot.group.completions(static_cast<int>(i));
    Sample sample;
    sample.completion.assign(completion.token_ids().begin(), completion.token_ids().end());
    sample.sampler_logprobs.assign(completion.sampler_logprobs().begin(), completion.sampler_logprobs().end());
    sample.reward = slot.rewards[i].value;
    sample.masked = slot.rewards[i].masked;
    group.samples.push_back(std::move(sample));
  }
  return group;
}

void DescribeSamples(const config::v1::RunConfig& config, int64_t step, const std::vector<SlotGroup>& slots, learner::v1::StepRecord& record) {
  Sums sums;
  double groups = 0;
  double flat = 0;
  for (const SlotGroup& slot : slots) {
    if (slot.outcome == SlotOutcome::kGivenUp) continue;
    groups += 1;
    flat += ZeroSpread(slot.rewards);
    if (slot.outcome == SlotOutcome::kDropped) record.set_dropped_groups(record.dropped_groups() + 1);
    if (slot.outcome == SlotOutcome::kTrained) record.set_samples(record.samples() + slot.group.completions_size());
    record.set_generate_seconds(record.generate_seconds() + slot.group.generate_seconds());
    record.set_reward_seconds(record.reward_seconds() + slot.group.reward_seconds());
    for (size_t i = 0; i < slot.rewards.size(); ++i) {
      AddCompletion(config, step, slot.group.completions(static_cast<int>(i)), slot.rewards[i], sums);
    }
  }
  const double mean = Ratio(sums.reward, sums.rewarded);
  record.set_reward_mean(mean);
  record.set_reward_std(std::sqrt(std::max(0.0, Ratio(sums.reward_squares, sums.rewarded) - mean * mean)));
  record.set_accuracy(Ratio(sums.correct, sums.samples));
  record.set_format(Ratio(sums.format, sums.samples));
  record.set_length_mean(Ratio(sums.tokens, sums.samples));
  record.set_length_max(sums.longest);
  record.set_truncated(Ratio(sums.truncated, sums.samples));
  record.set_self_check(Ratio(sums.self_check, sums.samples));
  record.set_masked_samples(static_cast<int64_t>(sums.unscored));
  record.set_staleness_mean(Ratio(sums.staleness, sums.tokens));
  record.set_staleness_max(sums.max_staleness);
  record.set_zero_std_groups(Ratio(flat, groups));
  record.mutable_length_histogram()->Add(sums.lengths.begin(), sums.lengths.end());
}

std::string LedgerLines(const std::vector<SlotGroup>& slots, int64_t version) {
  std::string lines;
  for (const SlotGroup& slot : slots) {
    nlohmann::ordered_json line;
    line["step"] = slot.group.step();
    line["slot"] = slot.group.slot();
    line["group_id"] = slot.group.group_id();
    line["row"] = slot.group.row();
    line["attempt"] = slot.group.attempt();
    line["worker"] = slot.group.worker_id();
    line["incarnation"] = slot.group.incarnation();
    line["trace_id"] = slot.group.trace_id();
    line["outcome"] = OutcomeName(slot.outcome);
    line["update"] = slot.outcome == SlotOutcome::kTrained ? nlohmann::ordered_json(version) : nlohmann::ordered_json(nullptr);
    absl::StrAppend(&lines, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "\n");
  }
  return lines;
}

}  // namespace cohort::learner
