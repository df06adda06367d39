// The learner's model against a plain reference in double precision: values forward, finite differences backward.

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/learner/train/language_model.h"
#include "tests/golden/reference_decoder.h"
#include "tests/unit/services/learner/train/tiny_model.h"

namespace cohort::learner {
namespace {

using golden::ReferenceDecoder;

constexpr double kTemperature = 0.8;

struct Case {
  std::string name;
  TinySizes sizes;
};

// Two prompts, the first with three completions of different lengths (one of a single token), the second with one.
struct Prompts {
  struct Sequence {
    std::vector<int32_t> prompt, completion;
  };
  std::vector<std::vector<Sequence>> groups;
};

Prompts MakePrompts(int64_t vocab) {
  random::Stream stream(3, 3);
  Prompts prompts;
  for (const std::vector<int64_t>& lengths : std::vector<std::vector<int64_t>>{{5, 1, 38}, {4}}) {
    const std::vector<int32_t> prompt = RandomTokens(stream, 7, vocab);
    prompts.groups.emplace_back();
    for (const int64_t length : lengths) prompts.groups.back().push_back({prompt, RandomTokens(stream, length, vocab)});
  }
  return prompts;
}

TokenBatch MakeBatch(const Prompts& prompts) {
  TokenBatch batch;
  for (const auto& group : prompts.groups) {
    const int64_t last_prompt_row = batch.AddRoot(group[0].prompt) + static_cast<int64_t>(group[0].prompt.size()) - 1;
    for (const auto& sequence : group) {
      const int64_t first = batch.AddChild(absl::MakeConstSpan(sequence.completion).first(sequence.completion.size() - 1));
      for (size_t t = 0; t < sequence.completion.size(); ++t) {
        batch.AddPrediction(t == 0 ? last_prompt_row : first + static_cast<int64_t>(t) - 1, sequence.completion[t]);
      }
    }
  }
  return batch;
}

// Logits of the reference before each completion token, in the batch's order of predictions.
std::vector<std::vector<double>> ReferenceLogits(const ReferenceDecoder& reference, const Prompts& prompts) {
  std::vector<std::vector<double>> all;
  for (const auto& group : prompts.groups) {
    for (const auto& sequence : group) {
      std::vector<int32_t> tokens = sequence.prompt;
      tokens.insert(tokens.end(), sequence.completion.begin(), sequence.completion.end() - 1);
      const auto logits = reference.Logits(tokens);
      all.insert(all.end(), logits.begin() + sequence.prompt.size() - 1, logits.end());
    }
  }
  return all;
}

class DecoderReferenceTest : public ::testing::TestWithParam<Case> {
 protected:
  const model::LoadedModel model_ = RandomModel(GetParam().sizes, 11);
  const Prompts prompts_ = MakePrompts(GetParam().sizes.vocab);
  const TokenBatch batch_ = MakeBatch(prompts_);
  const float* weights_ = model_.weights->floats().data();
  ReferenceDecoder reference_{model_.config, model_.layout, {weights_, weights_ + model_.layout.size()}};
};

TEST_P(DecoderReferenceTest, LogprobsAndEntropiesAreThoseOfTheFormulas) {
  LanguageModel language_model(model_.config, model_.layout, kTemperature);
  const TokenScores scores = language_model.Score(weights_, batch_, /*keep=*/false);
  const auto logits = ReferenceLogits(reference_, prompts_);
  ASSERT_EQ(scores.logprobs.size(), logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    EXPECT_NEAR(scores.logprobs[i], ReferenceDecoder::Logprob(logits[i], batch_.targets()[i], kTemperature), 2e-5) << i;
    EXPECT_NEAR(scores.entropies[i], ReferenceDecoder::Entropy(logits[i], kTemperature), 2e-5) << i;
  }
}

TEST_P(DecoderReferenceTest, GradientOfEveryTensorIsTheFiniteDifference) {
  LanguageModel language_model(model_.config, model_.layout, kTemperature);
  language_model.Score(weights_, batch_, /*keep=*/true);
  std::vector<double> factors;
  for (int64_t i = 0; i < batch_.predictions(); ++i) factors.push_back(std::sin(1.7 * i) + 0.3);
  model::Arena gradient(model_.layout.size());
  language_model.Backward(weights_, batch_, factors, gradient.floats().data());

  const auto objective = [&] {
    const auto logits = ReferenceLogits(reference_, prompts_);
    double sum = 0;
    for (size_t i = 0; i < logits.size(); ++i) sum += factors[i] * ReferenceDecoder::Logprob(logits[i], batch_.targets()[i], kTemperature);
    return sum;
  };
  random::Stream stream(5, 5);
  for (const model::TensorSlot& slot : model_.layout.slots()) {
    for (int probe = 0; probe < 3; ++probe) {
      const int64_t index = slot.offset + stream.NextBelow(static_cast<uint32_t>(slot.size()));
      constexpr double kStep = 1e-4;
      double& weight = reference_.weights()[index];
      const double original = weight;
      weight = original + kStep;
      const double above = objective();
      weight = original - kStep;
      const double below = objective();
      weight = original;
      const double difference = (above - below) / (2 * kStep);
      EXPECT_NEAR(gradient.floats()[index], difference, 2e-4 * (1 + std::abs(difference))) << slot.name << " element " << index - slot.offset;
    }
  }
}

TEST_P(DecoderReferenceTest, HeadInChunksGivesTheSameGradientAsAtOnce) {
  LanguageModel whole(model_.config, model_.layout, kTemperature);
  LanguageModel chunked(model_.config, model_.layout, kTemperature, /*chunk_logits=*/7 * model_.config.vocab_size);
  const std::vector<double> factors(batch_.predictions(), 0.1);
  model::Arena expected(model_.layout.size()), actual(model_.layout.size());
  const TokenScores expected_scores = whole.Score(weights_, batch_, true);
  whole.Backward(weights_, batch_, factors, expected.floats().data());
  const TokenScores actual_scores = chunked.Score(weights_, batch_, true);
  chunked.Backward(weights_, batch_, factors, actual.floats().data());
  for (size_t i = 0; i < factors.size(); ++i) EXPECT_NEAR(actual_scores.logprobs[i], expected_scores.logprobs[i], 1e-5);
  for (int64_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual.floats()[i], expected.floats()[i], 1e-5) << i;
}

// Ratios of query to key heads as in the tiny model and in Qwen2.5-0.5B; head_dim 8 is narrower than a vector, 32 is the tiny model's.
INSTANTIATE_TEST_SUITE_P(Sizes, DecoderReferenceTest,
                         ::testing::Values(Case{"Ratio2Tied", {32, 48, 2, 4, 2, 8, 40, true}},
                                           Case{"Ratio2Untied", {32, 48, 2, 4, 2, 32, 40, false}},
                                           Case{"Ratio7Tied", {56, 40, 2, 14, 2, 4, 37, true}}, Case{"Ratio7Untied", {48, 37, 1, 7, 1, 16, 33, false}},
                                           Case{"HeadNorms", {32, 40, 2, 6, 1, 8, 36, true, /*qk_norm=*/true}}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace cohort::learner
