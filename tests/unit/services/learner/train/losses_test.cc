// Policy loss, KL terms, importance weights, aggregation and learning rate: edges, and derivatives by finite differences.

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/train/aggregate.h"
#include "services/learner/train/importance.h"
#include "services/learner/train/kl.h"
#include "services/learner/train/learning_rate.h"
#include "services/learner/train/objective.h"
#include "services/learner/train/policy_loss.h"

namespace cohort::learner {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double Slope(const std::function<double(double)>& f, double x) { return (f(x + 1e-6) - f(x - 1e-6)) / 2e-6; }

TEST(PolicyLossTest, DerivativeIsTheFiniteDifference) {
  for (const double advantage : {1.3, -0.7}) {
    for (const double dual : {0.0, 3.0}) {
      const ClipBounds bounds{0.2, 0.28, dual};
      for (const double log_ratio : {-25.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.5, 25.0}) {
        const auto value = [&](double logprob) { return PolicyLoss(logprob, -1.0, advantage, bounds).value; };
        const double exact = PolicyLoss(-1.0 + log_ratio, -1.0, advantage, bounds).gradient;
        EXPECT_NEAR(exact, Slope(value, -1.0 + log_ratio), 1e-6) << advantage << " " << dual << " " << log_ratio;
      }
    }
  }
}

TEST(PolicyLossTest, OnPolicyItIsThePolicyGradient) {
  const TokenLoss loss = PolicyLoss(-2, -2, 0.75, {});
  EXPECT_DOUBLE_EQ(loss.value, -0.75);
  EXPECT_DOUBLE_EQ(loss.gradient, -0.75);
  EXPECT_FALSE(loss.clipped);
}

TEST(PolicyLossTest, GoodTokensStopAtTheUpperBoundAndBadOnesAtTheLower) {
  const ClipBounds bounds{0.2, 0.3, 0};
  EXPECT_TRUE(PolicyLoss(-1, -2, 1, bounds).clipped);
  EXPECT_DOUBLE_EQ(PolicyLoss(-1, -2, 1, bounds).value, -1.3);
  EXPECT_TRUE(PolicyLoss(-2, -1, -1, bounds).clipped);
  EXPECT_DOUBLE_EQ(PolicyLoss(-2, -1, -1, bounds).value, 0.8);
  EXPECT_FALSE(PolicyLoss(-2, -1, 1, bounds).clipped);
  EXPECT_FALSE(PolicyLoss(-1, -2, -1, bounds).clipped);
}

TEST(PolicyLossTest, ARunawayRatioStaysFinite) {
  const TokenLoss loss = PolicyLoss(0, -1000, -1, {});
  EXPECT_DOUBLE_EQ(loss.value, std::exp(20));
  EXPECT_EQ(loss.gradient, 0);
}

TEST(PolicyLossTest, NanIsNotHidden) { EXPECT_TRUE(std::isnan(PolicyLoss(kNan, -1, 1, {}).value)); }

TEST(KlTest, DerivativeIsTheFiniteDifference) {
  for (const auto estimator : {config::v1::KL_ESTIMATOR_K1, config::v1::KL_ESTIMATOR_K2, config::v1::KL_ESTIMATOR_K3}) {
    for (const double logprob : {-30.0, -4.0, -2.0, -1.5, -0.1}) {
      const auto value = [&](double x) { return KlDivergence(estimator, x, -1.5).value; };
      EXPECT_NEAR(KlDivergence(estimator, logprob, -1.5).gradient, Slope(value, logprob), 1e-4) << estimator << " " << logprob;
    }
  }
}

TEST(KlTest, K3IsNeverNegativeAndClamped) {
  EXPECT_DOUBLE_EQ(KlDivergence(config::v1::KL_ESTIMATOR_K3, -1, -1).value, 0);
  EXPECT_GT(KlDivergence(config::v1::KL_ESTIMATOR_K3, -1, -3).value, 0);
  EXPECT_DOUBLE_EQ(KlDivergence(config::v1::KL_ESTIMATOR_K3, -50, -1).value, 10);
  EXPECT_TRUE(std::isnan(KlDivergence(config::v1::KL_ESTIMATOR_K3, kNan, -1).value));
}

TEST(ImportanceTest, TokenWeightsAreTruncatedFromAboveOnly) {
  const std::vector<double> old = {-1, -1, -1};
  const std::vector<float> sampler = {-1, -3, 2};
  EXPECT_THAT(ImportanceWeights(config::v1::IMPORTANCE_CORRECTION_TOKEN, old, sampler, 2),
              ElementsAre(DoubleNear(1, 1e-9), DoubleNear(2, 1e-9), DoubleNear(std::exp(-3), 1e-9)));
}

TEST(ImportanceTest, WithoutCorrectionAllWeightsAreOne) {
  EXPECT_THAT(ImportanceWeights(config::v1::IMPORTANCE_CORRECTION_NONE, std::vector<double>{-1, -2}, std::vector<float>{-3, -4}, 2), ElementsAre(1, 1));
}

TEST(AggregateTest, PromptMeanWeighsEveryPromptAlike) {
  const auto weights = AggregationWeights(config::v1::AGGREGATION_PROMPT_MEAN, {{2, 0}, {6, 0}, {4, 1}}, 100);
  EXPECT_THAT(weights, ElementsAre(DoubleNear(1 / 16.0, 1e-12), DoubleNear(1 / 16.0, 1e-12), DoubleNear(1 / 8.0, 1e-12)));
}

TEST(AggregateTest, MeansOverTokensOrSequencesHaveTotalWeightOne) {
  const std::vector<SequenceShape> shapes = {{2, 0}, {6, 0}, {4, 1}};
  for (const auto mode : {config::v1::AGGREGATION_TOKEN_MEAN, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_MEAN, config::v1::AGGREGATION_PROMPT_MEAN}) {
    const auto weights = AggregationWeights(mode, shapes, 100);
    double total = 0;
    for (size_t i = 0; i < shapes.size(); ++i) total += weights[i] * shapes[i].tokens;
    EXPECT_NEAR(total, 1, 1e-12) << mode;
  }
}

config::v1::OptimizerSection Schedule(config::v1::LearningRateSchedule schedule, int64_t warmup) {
  config::v1::OptimizerSection optimizer;
  optimizer.set_learning_rate(1);
  optimizer.set_schedule(schedule);
  optimizer.set_warmup_steps(warmup);
  optimizer.set_final_ratio(0.1);
  return optimizer;
}

TEST(LearningRateTest, WarmsUpLinearlyToThePeak) {
  const auto optimizer = Schedule(config::v1::LEARNING_RATE_SCHEDULE_CONSTANT, 4);
  EXPECT_DOUBLE_EQ(LearningRate(optimizer, {0}, 10), 0.25);
  EXPECT_DOUBLE_EQ(LearningRate(optimizer, {3}, 10), 1);
  EXPECT_DOUBLE_EQ(LearningRate(optimizer, {9}, 10), 1);
  EXPECT_DOUBLE_EQ(LearningRate(optimizer, {0, 1, 2}, 10), 0.25);
}

TEST(LearningRateTest, FallsToTheFinalRatioAndStaysThereInAProlongedRun) {
  for (const auto schedule : {config::v1::LEARNING_RATE_SCHEDULE_COSINE, config::v1::LEARNING_RATE_SCHEDULE_LINEAR}) {
    const auto optimizer = Schedule(schedule, 2);
    EXPECT_DOUBLE_EQ(LearningRate(optimizer, {2}, 12), 1);
    EXPECT_NEAR(LearningRate(optimizer, {7}, 12), 0.55, 1e-12);
    EXPECT_NEAR(LearningRate(optimizer, {12}, 12), 0.1, 1e-12);
    EXPECT_NEAR(LearningRate(optimizer, {50}, 12), 0.1, 1e-12);
  }
}

TEST(LearningRateTest, AWarmUpAsLongAsTheRunIsNoDivisionByZero) {
  EXPECT_DOUBLE_EQ(LearningRate(Schedule(config::v1::LEARNING_RATE_SCHEDULE_LINEAR, 5), {5}, 5), 0.1);
}

TEST(ObjectiveTest, DerivativeByEachLogprobIsTheFiniteDifference) {
  config::v1::AlgorithmSection algorithm;
  algorithm.set_clip_low(0.2);
  algorithm.set_clip_high(0.28);
  algorithm.set_kl_coefficient(0.3);
  algorithm.set_kl_estimator(config::v1::KL_ESTIMATOR_K3);
  algorithm.set_importance_cap(2);
  const std::vector<double> logprobs = {-1.0, -0.4, -2.0}, old = {-1.1, -0.9, -2.0}, reference = {-1.3, -0.2, -2.5}, entropies = {1, 1, 1};
  const std::vector<float> sampler = {-1.2f, -0.8f, -2.1f};
  for (const auto correction : {config::v1::IMPORTANCE_CORRECTION_NONE, config::v1::IMPORTANCE_CORRECTION_TOKEN,
                                config::v1::IMPORTANCE_CORRECTION_SEQUENCE}) {
    algorithm.set_importance_correction(correction);
    const auto loss = [&](const std::vector<double>& at, std::vector<double>& gradient) {
      ObjectiveTotals totals;
      AddObjective(algorithm, {at, old, reference, entropies, sampler, -0.8, 0.25}, absl::MakeSpan(gradient), totals);
      return totals.loss;
    };
    std::vector<double> gradient(3), ignored(3);
    loss(logprobs, gradient);
    for (size_t t = 0; t < logprobs.size(); ++t) {
      const auto along = [&](double x) {
        std::vector<double> moved = logprobs;
        moved[t] = x;
        return loss(moved, ignored);
      };
      EXPECT_NEAR(gradient[t], Slope(along, logprobs[t]), 1e-6) << correction << " token " << t;
    }
  }
}

}  // namespace
}  // namespace cohort::learner
