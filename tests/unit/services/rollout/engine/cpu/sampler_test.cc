#include "services/rollout/engine/cpu/sampler.h"

#include <cmath>
#include <limits>
#include <vector>

#include "common/random/philox.h"
#include "common/testing/status_matchers.h"
#include "services/rollout/engine/request_check.h"

namespace cohort::rollout::cpu {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kVocabulary = 10;

common::v1::SamplingParams Params(float temperature) {
  common::v1::SamplingParams params;
  params.set_temperature(temperature);
  params.set_max_new_tokens(1);
  return params;
}

class SamplerTest : public ::testing::Test {
 protected:
  SamplerTest() : logits_(RoundUpToLanes(kVocabulary)), sampler_(BestKernels(), kVocabulary) {
    const double probabilities[kVocabulary] = {0.02, 0.3, 0.05, 0.2, 0.01, 0.1, 0.2, 0.07, 0.04, 0.01};
    for (int i = 0; i < kVocabulary; ++i) logits_[i] = static_cast<float>(std::log(probabilities[i]) + 3);
  }

  // The distribution that the definition gives, in double precision.
  std::vector<double> Expected(const common::v1::SamplingParams& params) const {
    std::vector<double> p(kVocabulary);
    double total = 0;
    for (int i = 0; i < kVocabulary; ++i) total += p[i] = std::exp(double{logits_[i]} / params.temperature());
    std::vector<int> order;
    for (int i = 0; i < kVocabulary; ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return p[a] > p[b]; });
    std::vector<double> kept(kVocabulary, 0.0);
    double mass = 0, sum = 0;
    for (int rank = 0; rank < kVocabulary; ++rank) {
      const double q = p[order[rank]];
      if (params.top_k() > 0 && rank >= params.top_k()) break;
      if (params.top_p() > 0 && mass >= params.top_p() * total) break;
      if (q < params.min_p() * p[order[0]]) break;
      kept[order[rank]] = q;
      mass += q;
    }
    for (double q : kept) sum += q;
    for (double& q : kept) q /= sum;
    return kept;
  }

  // Draws 20,000 tokens, compares frequencies with the definition (chi-square) and every log-probability with it.
  void ExpectDrawsFollow(const common::v1::SamplingParams& params) {
    const std::vector<double> expected = Expected(params);
    std::vector<int> counts(kVocabulary);
    const int draws = 20000;
    for (int i = 0; i < draws; ++i) {
      random::SampleKey key;
      key.seed = 17;
      key.position = i;
      const Choice choice = sampler_.Sample(logits_.data(), params, random::SamplingUniform(key));
      ASSERT_GE(choice.token, 0);
      ASSERT_GT(expected[choice.token], 0.0) << "token " << choice.token << " was dropped";
      ASSERT_NEAR(choice.logprob, std::log(expected[choice.token]), 2e-6);
      ++counts[choice.token];
    }
    double chi_square = 0;
    int degrees = -1;
    for (int i = 0; i < kVocabulary; ++i) {
      if (expected[i] == 0) continue;
      chi_square += std::pow(counts[i] - draws * expected[i], 2) / (draws * expected[i]);
      ++degrees;
    }
    // Mean plus five standard deviations of the chi-square distribution.
    EXPECT_LT(chi_square, degrees + 5 * std::sqrt(2.0 * std::max(degrees, 1)));
  }

  std::vector<float> logits_;
  Sampler sampler_;
};

TEST_F(SamplerTest, PlainDrawsFollowTheSoftmax) { ExpectDrawsFollow(Params(1)); }

TEST_F(SamplerTest, TemperatureSharpens) { ExpectDrawsFollow(Params(0.5f)); }

TEST_F(SamplerTest, TopKKeepsTheLowerIdAmongEquals) {
  auto params = Params(1);
  params.set_top_k(2);  // 1, then 3 and not 6, which is equally likely.
  ExpectDrawsFollow(params);
}

TEST_F(SamplerTest, TopPKeepsTheSmallestSetThatReachesTheMass) {
  auto params = Params(1);
  params.set_top_p(0.75f);
  ExpectDrawsFollow(params);
}

TEST_F(SamplerTest, MinPIsRelativeToTheMostLikelyToken) {
  auto params = Params(1);
  params.set_min_p(0.2f);
  ExpectDrawsFollow(params);
}

TEST_F(SamplerTest, AllThreeTruncationsTogetherKeepWhatEachKeeps) {
  auto params = Params(1.3f);
  params.set_top_k(5);
  params.set_top_p(0.9f);
  params.set_min_p(0.25f);
  ExpectDrawsFollow(params);
}

TEST_F(SamplerTest, KeptMassLinksTruncatedAndFullLogProbabilities) {
  auto truncated = Params(1);
  truncated.set_top_k(3);
  const Choice kept = sampler_.Sample(logits_.data(), truncated, 0.0f);
  const std::vector<double> full = Expected(Params(1));
  EXPECT_NEAR(kept.kept_mass, 0.7, 1e-5);
  EXPECT_NEAR(kept.logprob + std::log(kept.kept_mass), std::log(full[kept.token]), 2e-6);
}

TEST_F(SamplerTest, GreedyTakesTheLowestIdAmongTheMostLikely) {
  logits_[6] = logits_[3] = logits_[1];
  const Choice choice = sampler_.Sample(logits_.data(), Params(0), 0.99f);
  EXPECT_EQ(choice.token, 1);
  EXPECT_EQ(choice.logprob, 0.0f);
}

TEST_F(SamplerTest, TheDistributionFunctionIsInvertedInTheOrderOfIds) {
  EXPECT_EQ(sampler_.Sample(logits_.data(), Params(1), 0.019f).token, 0);
  EXPECT_EQ(sampler_.Sample(logits_.data(), Params(1), 0.021f).token, 1);
  EXPECT_EQ(sampler_.Sample(logits_.data(), Params(1), 1 - 0x1p-24f).token, 9);
}

TEST_F(SamplerTest, LogitsThatAreNoNumbersGiveNoToken) {
  logits_.assign(logits_.size(), std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(sampler_.Sample(logits_.data(), Params(1), 0.5f).token, -1);
  EXPECT_EQ(sampler_.Sample(logits_.data(), Params(0), 0.5f).token, -1);
}

TEST(SamplerLargeVocabularyTest, TruncationLooksBeyondTheFirstSortedPiece) {
  const int vocabulary = 5000;
  std::vector<float> logits(RoundUpToLanes(vocabulary), 0.0f);
  Sampler sampler(BestKernels(), vocabulary);
  auto params = Params(1);
  params.set_top_p(0.5f);
  const Choice choice = sampler.Sample(logits.data(), params, 0.9999f);
  EXPECT_EQ(choice.token, 2499);
  EXPECT_NEAR(choice.logprob, -std::log(2500.0), 1e-6);
}

TEST(CheckSamplingParamsTest, EachBadParameterIsNamed) {
  EXPECT_OK(CheckSamplingParams(Params(1)));
  EXPECT_THAT(CheckSamplingParams(Params(NAN)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("temperature")));
  EXPECT_THAT(CheckSamplingParams(Params(-1)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("temperature")));
  auto params = Params(1);
  params.set_top_p(1.5f);
  EXPECT_THAT(CheckSamplingParams(params), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("top_p")));
  params = Params(1);
  params.set_top_k(-1);
  EXPECT_THAT(CheckSamplingParams(params), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("top_k")));
  params = Params(1);
  params.set_min_p(2);
  EXPECT_THAT(CheckSamplingParams(params), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("min_p")));
  params = Params(1);
  params.set_max_new_tokens(0);
  EXPECT_THAT(CheckSamplingParams(params), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_new_tokens")));
}

}  // namespace
}  // namespace cohort::rollout::cpu
