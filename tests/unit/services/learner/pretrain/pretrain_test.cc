#include "services/learner/pretrain/pretrain.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/model/checkpoint.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using cohort::testing::HasReason;
using cohort::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kConfigJson[] = R"({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 32, "intermediate_size": 48,
  "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 10, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
  "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 1, "torch_dtype": "float32"})";

constexpr char kTokenizerJson[] = R"({"version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [{"id": 0, "content": "<bos>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                   {"id": 1, "content": "<eos>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
  "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
  "model": {"type": "WordLevel", "unk_token": "<unk>",
            "vocab": {"<bos>": 0, "<eos>": 1, "<unk>": 2, "a": 3, "b": 4, "c": 5, "d": 6, "e": 7, "f": 8, "g": 9}}})";

class PretrainTest : public ::testing::Test {
 protected:
  PretrainTest() {
    EXPECT_OK(io::CreateDirectories(directory_ / "architecture"));
    Write("architecture/config.json", kConfigJson);
    Write("architecture/tokenizer.json", kTokenizerJson);
    Write("architecture/tokenizer_config.json", R"({"add_bos_token": true, "bos_token": "<bos>", "eos_token": "<eos>"})");
    Write("data.jsonl", "{\"prompt\": \"a b\", \"completion\": \"c d\"}\n{\"prompt\": \"b a\", \"completion\": \"d c\"}\n{\"text\": \"e f g\"}\n");
    config_.mutable_model()->set_architecture(directory_ / "architecture");
    config_.mutable_model()->set_output(directory_ / "base");
    config_.mutable_model()->set_embedding_std(0.02);
    config_.mutable_data()->set_path(directory_ / "data.jsonl");
    config_.mutable_data()->set_completion_only(true);
    config_.mutable_training()->set_steps(30);
    config_.mutable_training()->set_rows_per_step(4);
    config_.mutable_training()->set_row_tokens(16);
    config::v1::OptimizerSection& optimizer = *config_.mutable_optimizer();
    optimizer.set_learning_rate(1e-2);
    optimizer.set_schedule(config::v1::LEARNING_RATE_SCHEDULE_COSINE);
    optimizer.set_warmup_steps(3);
    optimizer.set_beta1(0.9);
    optimizer.set_beta2(0.95);
    optimizer.set_epsilon(1e-8);
    optimizer.set_max_grad_norm(1);
    optimizer.set_threads(2);
    optimizer.set_micro_batch_tokens(16384);
  }

  void Write(const std::string& name, const std::string& content) { EXPECT_OK(io::WriteFileDurably(directory_ / name, content)); }

  absl::Status Run() {
    losses_.clear();
    return RunPretrain(config_, [this](const PretrainProgress& progress) {
      losses_.push_back(progress.loss);
      last_ = progress;
      return absl::OkStatus();
    });
  }

  bool HasOutput() const { return std::filesystem::exists(config_.model().output()); }

  testing::TempDir directory_;
  config::v1::PretrainConfig config_;
  std::vector<double> losses_;
  PretrainProgress last_;
};

TEST_F(PretrainTest, LearnsTheTextAndWritesACheckpointThatLoads) {
  config_.mutable_training()->set_steps(60);
  ASSERT_OK(Run());
  ASSERT_EQ(losses_.size(), 60);
  EXPECT_NEAR(losses_.front(), std::log(10), 0.3);
  // What is left is the choice of a text's first word, which nothing foretells.
  EXPECT_LT(losses_.back(), 0.7);
  EXPECT_EQ(last_.step, last_.steps);
  EXPECT_GT(last_.tokens_per_second, 0);
  EXPECT_EQ(last_.seconds_left, 0);
  ASSERT_OK_AND_ASSIGN(const model::LoadedModel model, model::LoadCheckpoint(directory_ / "base"));
  EXPECT_EQ(model.config.hidden_size, 32);
  EXPECT_TRUE(std::filesystem::exists(directory_ / "base/tokenizer.json"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "base.partial"));
}

TEST_F(PretrainTest, EqualConfigsGiveTheSameBits) {
  ASSERT_OK(Run());
  config_.mutable_model()->set_output(directory_ / "again");
  ASSERT_OK(Run());
  ASSERT_OK_AND_ASSIGN(const std::string first, io::ReadFile(directory_ / "base/model.safetensors"));
  ASSERT_OK_AND_ASSIGN(const std::string second, io::ReadFile(directory_ / "again/model.safetensors"));
  EXPECT_EQ(first, second);
  config_.mutable_model()->set_seed(1);
  config_.mutable_model()->set_output(directory_ / "other");
  ASSERT_OK(Run());
  ASSERT_OK_AND_ASSIGN(const std::string other, io::ReadFile(directory_ / "other/model.safetensors"));
  EXPECT_NE(first, other);
}

TEST_F(PretrainTest, SmallerPassesLearnTheSame) {
  ASSERT_OK(Run());
  const std::vector<double> whole = losses_;
  config_.mutable_model()->set_output(directory_ / "again");
  config_.mutable_optimizer()->set_micro_batch_tokens(8);
  ASSERT_OK(Run());
  for (int step = 0; step < 5; ++step) EXPECT_NEAR(losses_[step], whole[step], 1e-4) << step;
}

TEST_F(PretrainTest, WholeDocumentsAreLearntWhenAsked) {
  config_.mutable_training()->set_steps(1);
  ASSERT_OK(Run());
  const double completion_only = losses_[0];
  config_.mutable_data()->set_completion_only(false);
  config_.mutable_model()->set_output(directory_ / "whole");
  ASSERT_OK(Run());
  EXPECT_NE(losses_[0], completion_only);
}

TEST_F(PretrainTest, MakesTheWeightsOfItsOwnArchitectureDirectoryAgain) {
  config_.mutable_model()->set_output(directory_ / "architecture");
  ASSERT_OK(Run());
  ASSERT_OK(Run());
  EXPECT_OK(model::LoadCheckpoint(directory_ / "architecture"));
}

TEST_F(PretrainTest, WeightsThatAreThereAreNotOverwritten) {
  ASSERT_OK(Run());
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("model.safetensors")));
  EXPECT_TRUE(losses_.empty());
}

TEST_F(PretrainTest, AnErrorOfTheCallerEndsTheRunWithNothingWritten) {
  const absl::Status stopped = RunPretrain(config_, [](const PretrainProgress&) { return absl::CancelledError("enough"); });
  EXPECT_THAT(stopped, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(HasOutput());
}

TEST_F(PretrainTest, ARunawayLossIsRefused) {
  config_.mutable_optimizer()->set_learning_rate(1e30);
  EXPECT_THAT(Run(), HasReason("NON_FINITE"));
  EXPECT_FALSE(HasOutput());
}

TEST_F(PretrainTest, BadDataIsNamedByFileLineAndRemedy) {
  const auto expect = [&](const std::string& line, const char* message) {
    Write("data.jsonl", absl::StrCat("{\"text\": \"a b\"}\n\n", line, "\n"));
    EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, ::testing::AllOf(HasSubstr("data.jsonl:3: "), HasSubstr(message)))) << line;
  };
  expect("{\"text\": ", "is not JSON; each line is an object such as {\"text\": ");
  expect("[1]", "is a JSON array");
  expect("{\"text\": 3}", "`text` is not a string");
  expect("{\"prompt\": \"a\"}", "either `text`, or `prompt` and `completion`");
  expect("{\"text\": \"a\", \"prompt\": \"a\", \"completion\": \"b\"}", "either `text`");
  expect("{\"text\": \"a b c d e f g a b c d e f g a b\"}", "raise training.row_tokens (16)");
  Write("data.jsonl", "\n");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds no rows")));
  EXPECT_FALSE(HasOutput());
}

TEST_F(PretrainTest, MissingFilesAreNamed) {
  config_.mutable_data()->set_path(directory_ / "nowhere.jsonl");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("nowhere.jsonl")));
  config_.mutable_model()->set_architecture(directory_ / "nowhere");
  EXPECT_THAT(Run(), ::testing::Not(cohort::testing::IsOk()));
}

TEST_F(PretrainTest, RowsLongerThanTheModelAreRefused) {
  config_.mutable_training()->set_row_tokens(65);
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 positions")));
}

}  // namespace
}  // namespace cohort::learner
