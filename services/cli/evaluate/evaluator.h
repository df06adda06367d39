#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/data/prompts.h"
#include "proto/cohort/common/v1/sampling.pb.h"
#include "proto/cohort/reward/v1/reward_service.pb.h"
#include "services/cli/evaluate/evaluation.h"

namespace cohort::cli {

// What to sample of each problem and how to grade it.
struct EvaluationPlan {
  std::string model;                                 // Only recorded.
  std::vector<data::PreparedPrompt> problems;
  common::v1::SamplingParams sampling;               // Of the sampled completions.
  int samples = 1;                                   // Sampled completions of a problem; 0 for none.
  bool greedy = true;                                // And a greedy one.
  reward::v1::Template answer_template = reward::v1::TEMPLATE_R1_ZERO;
  bool think_prefilled = false;
  std::string policy = "exact";                      // What counts as equal, as in reward.policy.
  std::vector<std::string> self_check_words;
};

// Measures the policy that rollout workers hold, through the same RPCs that everybody else uses. What is sampled depends on seed and problem, not on
// how many workers there are.
class Evaluator {
 public:
  // Addresses of RolloutServices that hold the same weights, and of a RewardService.
  Evaluator(std::vector<std::string> rollout_addresses, std::string reward_address)
      : rollout_addresses_(std::move(rollout_addresses)), reward_address_(std::move(reward_address)) {}

  // Blocks until everything is graded; `cancelled` ends it with CANCELLED, a service that does not answer with UNAVAILABLE or DEADLINE_EXCEEDED.
  absl::StatusOr<Evaluation> Run(const EvaluationPlan& plan, const std::function<bool()>& cancelled);

  // Share of the work that is done, in [0, 1]; any thread.
  double progress() const { return total_.load() > 0 ? static_cast<double>(done_.load()) / static_cast<double>(total_.load()) : 0; }

 private:
  const std::vector<std::string> rollout_addresses_;
  const std::string reward_address_;
  std::atomic<int64_t> done_{0};
  std::atomic<int64_t> total_{0};
};

}  // namespace cohort::cli
