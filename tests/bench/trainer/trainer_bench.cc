// How fast the learner is: one GRPO update of the tiny model, with reference, forward, backward and optimizer, for several shapes of the step.
//
//   trainer_bench [--repeat N]

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common/random/philox.h"
#include "services/learner/train/kernels/kernels.h"
#include "services/learner/train/trainer.h"
#include "tests/unit/services/learner/train/tiny_model.h"

namespace cohort::learner {
namespace {

struct Shape {
  int64_t groups;
  int64_t group_size;
  int64_t prompt;
  int64_t completion;
  int threads;
  int64_t micro_batch;
};

config::v1::RunConfig Config(const Shape& shape) {
  config::v1::RunConfig config;
  config.mutable_run()->set_steps(100);
  config.mutable_rollout()->set_temperature(1);
  config.mutable_rollout()->set_max_new_tokens(64);
  config::v1::AlgorithmSection& algorithm = *config.mutable_algorithm();
  algorithm.set_minibatches(1);
  algorithm.set_advantage(config::v1::ADVANTAGE_GRPO);
  algorithm.set_aggregation(config::v1::AGGREGATION_TOKEN_MEAN);
  algorithm.set_clip_low(0.2);
  algorithm.set_clip_high(0.2);
  algorithm.set_kl_coefficient(0.001);
  algorithm.set_kl_estimator(config::v1::KL_ESTIMATOR_K3);
  config::v1::OptimizerSection& optimizer = *config.mutable_optimizer();
  optimizer.set_learning_rate(4e-4);
  optimizer.set_beta1(0.9);
  optimizer.set_beta2(0.95);
  optimizer.set_epsilon(1e-8);
  optimizer.set_max_grad_norm(1);
  optimizer.set_threads(shape.threads);
  optimizer.set_micro_batch_tokens(shape.micro_batch);
  return config;
}

std::vector<SampleGroup> Groups(const Shape& shape, int64_t vocab) {
  random::Stream stream(7, 0);
  std::vector<SampleGroup> groups(shape.groups);
  for (SampleGroup& group : groups) {
    group.prompt = RandomTokens(stream, shape.prompt, vocab);
    for (int64_t s = 0; s < shape.group_size; ++s) {
      group.samples.push_back({RandomTokens(stream, shape.completion, vocab), std::vector<float>(shape.completion, -3.8f), stream.NextDouble()});
    }
  }
  return groups;
}

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int Run(int repeat) {
  const model::LoadedModel model = RandomModel({128, 352, 4, 4, 2, 32, 48, true}, 1);
  std::printf("model of %lld parameters, kernels %s; best of %d updates\n", static_cast<long long>(model.layout.size()), ActiveKernels().name, repeat);
  std::printf("%8s %6s %7s %11s %8s %12s %10s %14s %14s\n", "prompts", "group", "prompt", "completion", "threads", "micro-batch", "seconds",
              "tokens/s", "completion/s");
  const Shape shapes[] = {{32, 8, 14, 31, 1, 1024}, {32, 8, 14, 31, 2, 1024}, {32, 8, 14, 31, 2, 2048}, {32, 8, 14, 31, 2, 4096},
                          {32, 8, 14, 31, 2, 16384}, {32, 8, 14, 18, 2, 2048}, {64, 4, 14, 31, 2, 2048},  {16, 16, 64, 256, 2, 4096}};
  for (const Shape& shape : shapes) {
    const auto trainer = Trainer::Create(Config(shape), model);
    const std::vector<SampleGroup> groups = Groups(shape, 48);
    double best = 1e30;
    for (int i = 0; i <= repeat; ++i) {
      const double begin = Seconds();
      const auto metrics = (*trainer)->Update(i, groups);
      if (!metrics.ok()) {
        std::fprintf(stderr, "%s\n", metrics.status().ToString().c_str());
        return 1;
      }
      if (i > 0) best = std::min(best, Seconds() - begin);
    }
    const double sequences = static_cast<double>(shape.groups * shape.group_size), completion = sequences * shape.completion;
    std::printf("%8lld %6lld %7lld %11lld %8d %12lld %10.3f %14.0f %14.0f\n", static_cast<long long>(shape.groups),
                static_cast<long long>(shape.group_size), static_cast<long long>(shape.prompt), static_cast<long long>(shape.completion), shape.threads,
                static_cast<long long>(shape.micro_batch), best, sequences * (shape.prompt + shape.completion) / best, completion / best);
  }
  return 0;
}

}  // namespace
}  // namespace cohort::learner

int main(int argc, char** argv) {
  const int repeat = argc == 3 && std::strcmp(argv[1], "--repeat") == 0 ? std::max(1, std::atoi(argv[2])) : 5;
  return cohort::learner::Run(repeat);
}
