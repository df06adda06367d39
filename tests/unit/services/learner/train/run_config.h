#pragma once

#include <cstdint>
#include <vector>

#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/trainer.h"
#include "tests/unit/services/learner/train/tiny_model.h"

namespace cohort::learner {

// A config as the loader would hand it over, for the fields the trainer reads.
inline config::v1::RunConfig TinyRunConfig() {
  config::v1::RunConfig config;
  config.mutable_run()->set_seed(5);
  config.mutable_run()->set_steps(10);
  config.mutable_rollout()->set_temperature(1);
  config.mutable_rollout()->set_max_new_tokens(16);
  config::v1::AlgorithmSection& algorithm = *config.mutable_algorithm();
  algorithm.set_minibatches(1);
  algorithm.set_advantage(config::v1::ADVANTAGE_GRPO);
  algorithm.set_aggregation(config::v1::AGGREGATION_TOKEN_MEAN);
  algorithm.set_clip_low(0.2);
  algorithm.set_clip_high(0.2);
  algorithm.set_kl_coefficient(0.01);
  algorithm.set_kl_estimator(config::v1::KL_ESTIMATOR_K3);
  algorithm.set_importance_correction(config::v1::IMPORTANCE_CORRECTION_NONE);
  algorithm.set_importance_cap(2);
  config::v1::OptimizerSection& optimizer = *config.mutable_optimizer();
  optimizer.set_learning_rate(1e-2);
  optimizer.set_schedule(config::v1::LEARNING_RATE_SCHEDULE_LINEAR);
  optimizer.set_final_ratio(0.1);
  optimizer.set_beta1(0.9);
  optimizer.set_beta2(0.95);
  optimizer.set_epsilon(1e-8);
  optimizer.set_max_grad_norm(1);
  optimizer.set_threads(2);
  optimizer.set_micro_batch_tokens(16384);
  return config;
}

// Groups with prompts and completions of several lengths and random rewards.
inline std::vector<SampleGroup> RandomGroups(int64_t groups, int64_t group_size, int64_t vocab, uint64_t seed) {
  random::Stream stream(seed, 2);
  std::vector<SampleGroup> result(groups);
  for (SampleGroup& group : result) {
    group.prompt = RandomTokens(stream, 3 + stream.NextBelow(6), vocab);
    for (int64_t s = 0; s < group_size; ++s) {
      Sample sample;
      sample.completion = RandomTokens(stream, 1 + stream.NextBelow(12), vocab);
      for (size_t t = 0; t < sample.completion.size(); ++t) sample.sampler_logprobs.push_back(-3 - static_cast<float>(stream.NextDouble()));
      sample.reward = static_cast<double>(stream.NextBelow(3));
      group.samples.push_back(std::move(sample));
    }
  }
  return result;
}

}  // namespace cohort::learner
