#include "services/learner/checkpoint/checkpoint_store.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/checkpoint/checkpoint_writer.h"
#include "services/learner/train/trainer.h"
#include "tests/unit/services/learner/checkpoint/tiny_checkpoint.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

config::v1::RunConfig Config() {
  config::v1::RunConfig config;
  config.mutable_algorithm()->set_group_size(2);
  config.mutable_algorithm()->set_prompts_per_step(1);
  config.mutable_algorithm()->set_minibatches(1);
  config.mutable_algorithm()->set_advantage(config::v1::ADVANTAGE_GRPO);
  config.mutable_algorithm()->set_aggregation(config::v1::AGGREGATION_TOKEN_MEAN);
  config.mutable_algorithm()->set_kl_estimator(config::v1::KL_ESTIMATOR_K3);
  config.mutable_algorithm()->set_kl_coefficient(0.01);
  config.mutable_algorithm()->set_importance_correction(config::v1::IMPORTANCE_CORRECTION_NONE);
  config.mutable_algorithm()->set_clip_low(0.2);
  config.mutable_algorithm()->set_clip_high(0.2);
  auto& optimizer = *config.mutable_optimizer();
  optimizer.set_learning_rate(1e-3);
  optimizer.set_schedule(config::v1::LEARNING_RATE_SCHEDULE_CONSTANT);
  optimizer.set_beta1(0.9);
  optimizer.set_beta2(0.95);
  optimizer.set_epsilon(1e-8);
  optimizer.set_threads(1);
  optimizer.set_micro_batch_tokens(1024);
  config.mutable_rollout()->set_temperature(1);
  config.mutable_rollout()->set_max_new_tokens(8);
  config.mutable_run()->set_steps(10);
  return config;
}

SampleGroup Group(float reward) {
  SampleGroup group;
  group.prompt = {1, 2, 3};
  group.samples = {{{4, 5, 6}, {-1, -1, -1}, reward, false}, {{7, 8}, {-1, -1}, 0, false}};
  return group;
}

class CheckpointStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = RandomModel({}, 1);
    ASSERT_OK(WriteTinyCheckpoint(directory_ / "source", model_));
    auto trainer = Trainer::Create(Config(), model_);
    ASSERT_OK(trainer);
    trainer_ = *std::move(trainer);
  }

  CheckpointStore::Options Options(int keep_last = 2, bool keep_best = false) {
    return {.run_directory = directory_.path(), .model_source = directory_ / "source", .keep_last = keep_last, .keep_best = keep_best};
  }
  absl::Status Save(CheckpointStore& store, int64_t step, double reward = 0) {
    RunState state;
    state.run = "run";
    state.step = step;
    state.fingerprint = "abc";
    state.elapsed_seconds = 1.5;
    state.reward_mean = reward;
    COHORT_ASSIGN_OR_RETURN(const TrainerSnapshot snapshot, trainer_->Snapshot());
    COHORT_ASSIGN_OR_RETURN(Checkpoint checkpoint, store.Write(state, model_.config, model_.layout, snapshot));
    store.Add(std::move(checkpoint));
    store.Prune();
    return absl::OkStatus();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_ / "checkpoints")) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Path(const std::string& name) const { return directory_ / ("checkpoints/" + name); }

  TempDir directory_;
  model::LoadedModel model_;
  std::unique_ptr<Trainer> trainer_;
};

TEST_F(CheckpointStoreTest, ARestoredTrainerGoesOnToTheSameBits) {
  ASSERT_OK(trainer_->Update(0, {Group(1)}));
  CheckpointStore store(Options());
  ASSERT_OK(Save(store, 1));
  ASSERT_OK(trainer_->Update(1, {Group(2)}));

  CheckpointStore again(Options());
  ASSERT_OK_AND_ASSIGN(const auto latest, again.FindLatest());
  ASSERT_TRUE(latest.has_value());
  EXPECT_EQ(latest->state.step, 1);
  EXPECT_EQ(latest->state.elapsed_seconds, 1.5);
  EXPECT_EQ(latest->state.fingerprint, "abc");
  ASSERT_OK_AND_ASSIGN(const auto resumed, Trainer::Create(Config(), model_));
  ASSERT_OK_AND_ASSIGN(const auto weights, model::LoadCheckpoint(latest->path));
  ASSERT_OK(resumed->Restore(*weights.weights, latest->path + "/optimizer.safetensors"));
  ASSERT_OK(resumed->Update(1, {Group(2)}));
  EXPECT_EQ(resumed->Weights().value()->floats(), trainer_->Weights().value()->floats());
}

TEST_F(CheckpointStoreTest, HoldsAHuggingFaceModelAndEverythingToGoOn) {
  CheckpointStore store(Options());
  ASSERT_OK(Save(store, 25));
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(Path("step-000025"))) files.push_back(entry.path().filename().string());
  EXPECT_THAT(files, ::testing::IsSupersetOf({"config.json", "model.safetensors", "optimizer.safetensors", "trainer_state.json", "manifest.json"}));
  EXPECT_EQ(store.latest(), Path("step-000025"));
}

TEST_F(CheckpointStoreTest, KeepsTheNewestAndTheBest) {
  CheckpointStore store(Options(/*keep_last=*/2, /*keep_best=*/true));
  ASSERT_OK(Save(store, 1, 0.1));
  EXPECT_EQ(store.oldest_step(), 0);
  ASSERT_OK(Save(store, 2, 0.9));
  ASSERT_OK(Save(store, 3, 0.2));
  ASSERT_OK(Save(store, 4, 0.3));
  EXPECT_THAT(Names(), ElementsAre("step-000002", "step-000003", "step-000004"));
  EXPECT_EQ(store.oldest_step(), 3);
  ASSERT_OK(Save(store, 5, 1.0));
  EXPECT_THAT(Names(), ElementsAre("step-000004", "step-000005"));
}

TEST_F(CheckpointStoreTest, ADamagedCheckpointIsSkippedForTheOneBefore) {
  CheckpointStore store(Options());
  ASSERT_OK(Save(store, 1));
  ASSERT_OK(Save(store, 2));
  for (const char* file : {"model.safetensors", "optimizer.safetensors", "trainer_state.json", "config.json", "manifest.json"}) {
    const std::string path = Path("step-000002") + "/" + file;
    ASSERT_OK_AND_ASSIGN(const std::string whole, io::ReadFile(path));
    std::string damaged = whole;
    damaged[damaged.size() / 2] ^= 1;
    for (const std::string& content : {damaged, whole.substr(0, whole.size() / 2), std::string()}) {
      ASSERT_OK(io::WriteFileDurably(path, content));
      ASSERT_OK_AND_ASSIGN(const auto latest, CheckpointStore(Options()).FindLatest());
      ASSERT_TRUE(latest.has_value());
      EXPECT_EQ(latest->state.step, 1) << file << " of " << content.size() << " bytes";
    }
    ASSERT_OK(io::RemoveTree(path));
    EXPECT_EQ((*CheckpointStore(Options()).FindLatest())->state.step, 1) << file;
    ASSERT_OK(io::WriteFileDurably(path, whole));
  }
  EXPECT_EQ((*CheckpointStore(Options()).FindLatest())->state.step, 2);
}

TEST_F(CheckpointStoreTest, ADamagedCheckpointIsReplacedWhenItsStepComesAgain) {
  CheckpointStore store(Options());
  ASSERT_OK(Save(store, 1));
  ASSERT_OK(io::WriteFileDurably(Path("step-000001") + "/model.safetensors", "x"));
  CheckpointStore again(Options());
  ASSERT_OK_AND_ASSIGN(const auto none, again.FindLatest());
  EXPECT_FALSE(none.has_value());
  ASSERT_OK(Save(again, 1));
  EXPECT_TRUE((*CheckpointStore(Options()).FindLatest()).has_value());
}

TEST_F(CheckpointStoreTest, WhatAnInterruptedWriteLeftIsRemoved) {
  ASSERT_OK(io::CreateDirectories(Path("step-000007.partial")));
  ASSERT_OK(io::WriteFileDurably(Path("step-000007.partial") + "/model.safetensors", "half"));
  CheckpointStore store(Options());
  ASSERT_OK_AND_ASSIGN(const auto latest, store.FindLatest());
  EXPECT_FALSE(latest.has_value());
  EXPECT_THAT(Names(), ElementsAre());
}

TEST_F(CheckpointStoreTest, AFullDiskLeavesTheCheckpointBeforeAndNothingElse) {
  // A limit on the size of files stands in for the full disk.
  signal(SIGXFSZ, SIG_IGN);
  CheckpointStore store(Options());
  ASSERT_OK(Save(store, 1));
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  for (const rlim_t limit : {1000, 60000, 120000}) {
    const rlimit tight = {limit, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    const absl::Status full = Save(store, 2);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("step-000002"))) << limit;
    EXPECT_THAT(Names(), ElementsAre("step-000001"));
    EXPECT_THAT(store.latest(), EndsWith("step-000001"));
  }
  EXPECT_EQ((*CheckpointStore(Options()).FindLatest())->state.step, 1);
  EXPECT_OK(Save(store, 2));
}

TEST_F(CheckpointStoreTest, TheExportedModelLoadsAndReplacesAnEarlierOne) {
  CheckpointStore store(Options());
  ASSERT_OK(store.ExportModel(directory_ / "model", model_.config, model_.layout, *trainer_->Weights().value()));
  ASSERT_OK(trainer_->Update(0, {Group(1)}));
  ASSERT_OK(store.ExportModel(directory_ / "model", model_.config, model_.layout, *trainer_->Weights().value()));
  ASSERT_OK_AND_ASSIGN(const auto loaded, model::LoadCheckpoint(directory_ / "model"));
  EXPECT_EQ(absl::Span<const float>(loaded.weights->floats()), trainer_->Weights().value()->floats());
  EXPECT_FALSE(fs::exists(directory_ / "model/optimizer.safetensors"));
}

TEST_F(CheckpointStoreTest, AWriterWritesTheStateAsItWasWhileTrainingGoesOn) {
  const CheckpointStore store(Options());
  CheckpointWriter writer(&store, &model_);
  EXPECT_FALSE(writer.Poll().has_value());
  EXPECT_FALSE(writer.Wait().has_value());
  ASSERT_OK(trainer_->Update(0, {Group(1)}));
  const auto before = trainer_->Weights().value();
  ASSERT_OK_AND_ASSIGN(TrainerSnapshot snapshot, trainer_->Snapshot());
  writer.Begin({.run = "run", .step = 1}, std::move(snapshot));
  ASSERT_OK(trainer_->Update(1, {Group(2)}));

  const auto written = writer.Wait();
  ASSERT_TRUE(written.has_value());
  ASSERT_OK(written->checkpoint);
  EXPECT_EQ(written->state.step, 1);
  EXPECT_GT(written->seconds, 0);
  EXPECT_FALSE(writer.Poll().has_value()) << "taken already";
  ASSERT_OK_AND_ASSIGN(const auto resumed, Trainer::Create(Config(), model_));
  ASSERT_OK_AND_ASSIGN(const auto weights, model::LoadCheckpoint(written->checkpoint->path));
  EXPECT_EQ(weights.weights->floats(), before->floats());
  ASSERT_OK(resumed->Restore(*weights.weights, written->checkpoint->path + "/optimizer.safetensors"));
  ASSERT_OK(resumed->Update(1, {Group(2)}));
  EXPECT_EQ(resumed->Weights().value()->floats(), trainer_->Weights().value()->floats());
}

TEST_F(CheckpointStoreTest, AWriterTellsWhatWentWrongAndCanBeginAgain) {
  const CheckpointStore store(Options());
  CheckpointWriter writer(&store, &model_);
  const auto write = [&] {
    writer.Begin({.run = "run", .step = 3}, *trainer_->Snapshot());
    return writer.Wait()->checkpoint;
  };
  ASSERT_OK(io::WriteFileDurably(directory_ / "checkpoints", "in the way"));
  EXPECT_THAT(std::string(write().status().message()), HasSubstr("step-000003.partial"));
  fs::remove(directory_ / "checkpoints");
  EXPECT_OK(write());
}

TEST_F(CheckpointStoreTest, AWriterThatGoesAwayHasWrittenWhatWasBegun) {
  const CheckpointStore store(Options());
  {
    CheckpointWriter writer(&store, &model_);
    writer.Begin({.run = "run", .step = 7}, *trainer_->Snapshot());
  }
  EXPECT_THAT(Names(), ElementsAre("step-000007"));
}

}  // namespace
}  // namespace cohort::learner
