// Checkpoints in both directions between Cohort and Hugging Face transformers, which is the oracle of every architecture: what the one writes the
// other loads, and both compute the same with it.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/model/checkpoint.h"
#include "common/random/philox.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/text/tokenizer.h"
#include "gmock/gmock.h"
#include "tests/golden/transformers/cohort_model.h"
#include "tests/golden/transformers/oracle_answers.h"

namespace cohort::golden {
namespace {

constexpr const char* kCases[] = {"qwen2_ratio7_tied", "qwen2_ratio6", "qwen2_yarn", "qwen3_tied", "qwen3", "qwen3_yarn", "llama3",
                                  "llama3_tied_head_dim"};
constexpr const char* kTiny = "configs/tiny";
constexpr double kTolerance = 1e-5;

// Both directories of each case: made/NAME was written by transformers, saved/NAME by Cohort; each has the oracle's answer. Asked once, because
// Python takes its time to start.
class Exchange {
 public:
  Exchange() {
    random::Stream stream(7, 7);
    for (int i = 0; i < 150; ++i) request_.tokens.push_back(static_cast<int32_t>(stream.NextBelow(100)));
    request_.new_tokens = 24;
    WriteRequest(path("request.json"), request_);
    std::vector<std::string> make = {"models.py", "make", path("made"), path("request.json")};
    std::vector<std::string> score = {"models.py", "score", path("request.json")};
    make.insert(make.end(), std::begin(kCases), std::end(kCases));
    RunOracle(make, path("make.log"));
    for (const char* name : kCases) {
      Save(made(name), saved(name), /*largest_shard=*/100'000);
      score.push_back(saved(name));
    }
    RunOracle(score, path("score.log"));
    AskAboutTiny();
  }

  std::string made(const std::string& name) const { return path("made/" + name); }
  std::string saved(const std::string& name) const { return path("saved/" + name); }
  const OracleRequest& request() const { return request_; }
  const OracleRequest& tiny_request() const { return tiny_request_; }

 private:
  std::string path(const std::string& name) const { return directory_ / name; }

  void Save(const std::string& from, const std::string& to, int64_t largest_shard) {
    auto model = model::LoadCheckpoint(from);
    ASSERT_OK(model);
    std::filesystem::create_directories(to);
    ASSERT_OK(model::SaveCheckpoint(to, from, model->config, model->layout, *model->weights, largest_shard));
  }

  // The quickstart's model as it lies in the repository, and as a run would save it.
  void AskAboutTiny() {
    tiny_request_.tokens = {1, 10, 11, 12, 5, 20, 8, 3};
    tiny_request_.new_tokens = 32;
    tiny_request_.texts = {"814 + 498", "<think>\n4 + 8 = 12\n</think>\n<answer>12</answer>", "1\xE2\x82\xAC"};
    WriteRequest(path("tiny_request.json"), tiny_request_);
    std::filesystem::create_directories(path("made"));
    std::filesystem::copy(kTiny, made("tiny"));
    Save(made("tiny"), saved("tiny"), model::kLargestShard);
    RunOracle({"models.py", "score", path("tiny_request.json"), made("tiny"), saved("tiny")}, path("tiny.log"));
  }

  testing::TempDir directory_;
  OracleRequest request_, tiny_request_;
};

class TransformersTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { exchange_ = new Exchange; }
  static void TearDownTestSuite() {
    delete exchange_;
    exchange_ = nullptr;
  }
  static Exchange* exchange_;
};
Exchange* TransformersTest::exchange_ = nullptr;

// `tolerance` is absolute for logits up to 1, which random models have, and relative to the largest one beyond, as a trained model's are.
void ExpectSameLogits(const std::vector<std::vector<float>>& actual, const std::vector<std::vector<float>>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 0, scale = 1;
  for (size_t t = 0; t < actual.size(); ++t) {
    ASSERT_EQ(actual[t].size(), expected[t].size());
    for (size_t v = 0; v < actual[t].size(); ++v) {
      largest = std::max(largest, std::abs(double{actual[t][v]} - expected[t][v]));
      scale = std::max(scale, std::abs(double{expected[t][v]}));
    }
  }
  EXPECT_LE(largest, tolerance * scale);
}

double LogSoftmax(const std::vector<float>& logits, int32_t target) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit});
  return logits[target] - std::log(sum);
}

TEST_F(TransformersTest, EngineAndLearnerComputeWhatTransformersDoes) {
  for (const std::string name : kCases) {
    SCOPED_TRACE(name);
    ASSERT_OK_AND_ASSIGN(const auto model, model::LoadCheckpoint(exchange_->made(name)));
    const OracleAnswer oracle = ReadAnswer(exchange_->made(name));
    const auto& tokens = exchange_->request().tokens;
    ExpectSameLogits(EngineLogits(model, tokens), oracle.logits, kTolerance);
    EXPECT_EQ(EngineGreedy(model, tokens, exchange_->request().new_tokens), oracle.greedy);
    const std::vector<double> logprobs = LearnerLogprobs(model, tokens);
    for (size_t t = 0; t < logprobs.size(); ++t) EXPECT_NEAR(logprobs[t], LogSoftmax(oracle.logits[t], tokens[t + 1]), kTolerance) << t;
  }
}

TEST_F(TransformersTest, WhatCohortSavesIsTheSameModelToTransformers) {
  for (const std::string name : kCases) {
    SCOPED_TRACE(name);
    const OracleAnswer made = ReadAnswer(exchange_->made(name)), saved = ReadAnswer(exchange_->saved(name));
    ExpectSameLogits(saved.logits, made.logits, 0);
    EXPECT_EQ(saved.greedy, made.greedy);
  }
}

TEST_F(TransformersTest, TheQuickstartModelAndItsCheckpointsAreThoseOfHuggingFace) {
  const auto& request = exchange_->tiny_request();
  ASSERT_OK_AND_ASSIGN(const auto model, model::LoadCheckpoint(kTiny));
  ASSERT_OK_AND_ASSIGN(const auto tokenizer, text::Tokenizer::Load(kTiny));
  for (const std::string& directory : {exchange_->made("tiny"), exchange_->saved("tiny")}) {
    SCOPED_TRACE(directory);
    const OracleAnswer oracle = ReadAnswer(directory);
    ExpectSameLogits(EngineLogits(model, request.tokens), oracle.logits, kTolerance);
    EXPECT_EQ(EngineGreedy(model, request.tokens, request.new_tokens), oracle.greedy);
    ASSERT_EQ(oracle.ids.size(), request.texts.size());
    for (size_t i = 0; i < request.texts.size(); ++i) {
      ASSERT_OK_AND_ASSIGN(const auto ids, tokenizer->Encode(request.texts[i], /*add_special_tokens=*/true));
      EXPECT_EQ(ids, oracle.ids[i]) << request.texts[i];
      ASSERT_OK_AND_ASSIGN(const std::string decoded, tokenizer->Decode(ids, /*skip_special_tokens=*/true));
      EXPECT_EQ(decoded, oracle.decoded[i]);
    }
  }
}

}  // namespace
}  // namespace cohort::golden
