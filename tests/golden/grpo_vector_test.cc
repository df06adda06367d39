// The losses against a golden vector: one prompt, four completions, all terms of the published variants computed in double precision by hand.

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "services/learner/train/advantage.h"
#include "services/learner/train/aggregate.h"
#include "services/learner/train/importance.h"
#include "services/learner/train/kl.h"
#include "services/learner/train/objective.h"
#include "services/learner/train/policy_loss.h"

namespace cohort::learner {
namespace {

using config::v1::Aggregation;

constexpr double kTolerance = 1e-6;
constexpr double kVerlEpsilon = 1e-6;
constexpr ClipBounds kBounds{.low = 0.2, .high = 0.28, .dual = 3};
constexpr ClipBounds kNoDual{.low = 0.2, .high = 0.28, .dual = 0};

struct Sequence {
  std::vector<double> logprobs, old, reference;
  std::vector<float> sampler;
};

const std::vector<GroupReward> kRewards = {{1}, {0}, {0}, {1}};

std::vector<Sequence> Vector() {
  const std::vector<std::vector<double>> log_ratios = {{0.02, -0.30, 0.40}, {0.35, -0.05}, {1.50, -0.40, 0.10, 0.00}, {0.30}};
  std::vector<Sequence> sequences(log_ratios.size());
  for (size_t i = 0; i < log_ratios.size(); ++i) {
    for (size_t t = 0; t < log_ratios[i].size(); ++t) {
      const double old = -(0.5 + 0.25 * t + 0.1 * i), sign = (i + t) % 2 == 0 ? 1 : -1;
      sequences[i].old.push_back(old);
      sequences[i].logprobs.push_back(old + log_ratios[i][t]);
      sequences[i].reference.push_back(old - 0.05 * (t + 1));
      sequences[i].sampler.push_back(static_cast<float>(old - 0.04 * sign * (t + 1) * (i + 1)));
    }
  }
  return sequences;
}

std::vector<SequenceShape> Shapes() { return {{3, 0}, {2, 0}, {4, 0}, {1, 0}}; }

// Loss of the whole vector; token losses times importance weights, aggregated.
double Loss(const std::vector<double>& advantages, const ClipBounds& bounds, Aggregation mode,
            config::v1::ImportanceCorrection correction = config::v1::IMPORTANCE_CORRECTION_NONE) {
  const std::vector<Sequence> sequences = Vector();
  const std::vector<double> weights = AggregationWeights(mode, Shapes(), /*max_new_tokens=*/4);
  double loss = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const std::vector<double> importance = ImportanceWeights(correction, sequences[i].old, sequences[i].sampler, /*cap=*/2);
    for (size_t t = 0; t < sequences[i].old.size(); ++t) {
      loss += weights[i] * importance[t] * PolicyLoss(sequences[i].logprobs[t], sequences[i].old[t], advantages[i], bounds).value;
    }
  }
  return loss;
}

std::vector<double> VerlAdvantages() { return Advantages(config::v1::ADVANTAGE_GRPO, kRewards, kVerlEpsilon); }
std::vector<double> TrlAdvantages() { return Advantages(config::v1::ADVANTAGE_GRPO, kRewards); }

double KlMean(config::v1::KlEstimator estimator) {
  double sum = 0;
  for (const Sequence& sequence : Vector()) {
    for (size_t t = 0; t < sequence.old.size(); ++t) sum += KlDivergence(estimator, sequence.logprobs[t], sequence.reference[t]).value;
  }
  return sum / 10;
}

void ExpectPlusMinus(const std::vector<double>& advantages, double size) {
  ASSERT_EQ(advantages.size(), 4);
  EXPECT_NEAR(advantages[0], size, kTolerance);
  EXPECT_NEAR(advantages[1], -size, kTolerance);
  EXPECT_NEAR(advantages[2], -size, kTolerance);
  EXPECT_NEAR(advantages[3], size, kTolerance);
}

TEST(GrpoVectorTest, AdvantagesOfEachEstimator) {
  ExpectPlusMinus(VerlAdvantages(), 0.866024);
  ExpectPlusMinus(TrlAdvantages(), 0.865875);
  ExpectPlusMinus(Advantages(config::v1::ADVANTAGE_DR_GRPO, kRewards), 0.5);
  ExpectPlusMinus(Advantages(config::v1::ADVANTAGE_RLOO, kRewards), 0.666667);
}

TEST(GrpoVectorTest, TokenLossesWithClipAndDualClip) {
  const std::vector<Sequence> sequences = Vector();
  const std::vector<double> advantages = VerlAdvantages();
  const auto expect = [&](size_t i, const std::vector<double>& losses) {
    for (size_t t = 0; t < losses.size(); ++t) {
      EXPECT_NEAR(PolicyLoss(sequences[i].logprobs[t], sequences[i].old[t], advantages[i], kBounds).value, losses[t], kTolerance) << i << " " << t;
    }
  };
  expect(0, {-0.883519, -0.641566, -1.108511});
  expect(2, {2.598072, 0.692819, 0.957104, 0.866024});
}

TEST(GrpoVectorTest, AggregationModes) {
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_TOKEN_MEAN), 0.342464678, kTolerance);
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_TOKEN_SUM), 3.42464678, kTolerance);
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_MEAN), 0.079623976, kTolerance);
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_SUM), 0.856161695, kTolerance);
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_SUM_NORM), 0.214040424, kTolerance);
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_PROMPT_MEAN), 0.342464678, kTolerance);
}

TEST(GrpoVectorTest, WithoutDualClip) {
  EXPECT_NEAR(Loss(VerlAdvantages(), kNoDual, config::v1::AGGREGATION_TOKEN_MEAN), 0.470782493, kTolerance);
}

TEST(GrpoVectorTest, DrGrpo) {
  const std::vector<double> advantages = Advantages(config::v1::ADVANTAGE_DR_GRPO, kRewards);
  EXPECT_NEAR(Loss(advantages, kNoDual, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_SUM_NORM), 0.169879294, kTolerance);
}

TEST(GrpoVectorTest, TrlLossTypesWithGroupScaling) {
  EXPECT_NEAR(Loss(TrlAdvantages(), kNoDual, config::v1::AGGREGATION_TOKEN_MEAN), 0.470701781, kTolerance);
  EXPECT_NEAR(Loss(TrlAdvantages(), kNoDual, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_MEAN), 0.159795210, kTolerance);
  EXPECT_NEAR(Loss(TrlAdvantages(), kNoDual, config::v1::AGGREGATION_SEQ_MEAN_TOKEN_SUM_NORM), 0.294188613, kTolerance);
}

TEST(GrpoVectorTest, KlEstimators) {
  EXPECT_NEAR(KlMean(config::v1::KL_ESTIMATOR_K1), 0.292, kTolerance);
  EXPECT_NEAR(KlMean(config::v1::KL_ESTIMATOR_K2), 0.16137, kTolerance);
  EXPECT_NEAR(KlMean(config::v1::KL_ESTIMATOR_K3), 0.113662227, kTolerance);
}

TEST(GrpoVectorTest, TruncatedImportance) {
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_TOKEN_MEAN, config::v1::IMPORTANCE_CORRECTION_TOKEN), 0.377695088, kTolerance);
  EXPECT_NEAR(Loss(VerlAdvantages(), kBounds, config::v1::AGGREGATION_TOKEN_MEAN, config::v1::IMPORTANCE_CORRECTION_SEQUENCE), 0.244897947,
              kTolerance);
}

TEST(GrpoVectorTest, SequenceImportanceWeights) {
  const std::vector<double> expected = {1.083287, 1.083287, 0.786628, 0.852144};
  const std::vector<Sequence> sequences = Vector();
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto weights = ImportanceWeights(config::v1::IMPORTANCE_CORRECTION_SEQUENCE, sequences[i].old, sequences[i].sampler, 2);
    EXPECT_NEAR(weights[0], expected[i], kTolerance);
  }
}

TEST(GrpoVectorTest, ClipFractions) {
  const std::vector<Sequence> sequences = Vector();
  const std::vector<double> advantages = VerlAdvantages();
  double clipped = 0, dual_clipped = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    for (size_t t = 0; t < sequences[i].old.size(); ++t) {
      const TokenLoss loss = PolicyLoss(sequences[i].logprobs[t], sequences[i].old[t], advantages[i], kBounds);
      clipped += loss.clipped;
      dual_clipped += loss.dual_clipped;
    }
  }
  EXPECT_DOUBLE_EQ(clipped / 10, 0.30);
  EXPECT_DOUBLE_EQ(dual_clipped / 10, 0.10);
}

// What the trainer runs: policy loss, importance and KL in one, at the golden values.
TEST(GrpoVectorTest, ObjectiveAddsTheTerms) {
  config::v1::AlgorithmSection algorithm;
  algorithm.set_clip_low(0.2);
  algorithm.set_clip_high(0.28);
  algorithm.set_dual_clip(3);
  algorithm.set_kl_coefficient(0.04);
  algorithm.set_kl_estimator(config::v1::KL_ESTIMATOR_K3);
  algorithm.set_importance_correction(config::v1::IMPORTANCE_CORRECTION_TOKEN);
  algorithm.set_importance_cap(2);
  const std::vector<Sequence> sequences = Vector();
  const std::vector<double> advantages = VerlAdvantages(), weights = AggregationWeights(config::v1::AGGREGATION_TOKEN_MEAN, Shapes(), 4);
  ObjectiveTotals totals;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& sequence = sequences[i];
    const std::vector<double> entropies(sequence.old.size(), 1.5);
    std::vector<double> gradient(sequence.old.size());
    AddObjective(algorithm, {sequence.logprobs, sequence.old, sequence.reference, entropies, sequence.sampler, advantages[i], weights[i]},
                 absl::MakeSpan(gradient), totals);
  }
  EXPECT_NEAR(totals.loss, 0.377695088 + 0.04 * 0.113662227, kTolerance);
  EXPECT_NEAR(totals.kl / totals.tokens, 0.113662227, kTolerance);
  EXPECT_NEAR(totals.entropy / totals.tokens, 1.5, kTolerance);
  EXPECT_EQ(totals.tokens, 10);
  EXPECT_EQ(totals.clipped, 3);
}

}  // namespace
}  // namespace cohort::learner
