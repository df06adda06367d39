#include "services/cli/config_commands.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/command/exit_code.h"

namespace cohort::cli {
namespace {

using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

// Runs `cohort config ARGUMENTS` in this process.
Outcome Call(std::vector<std::string> arguments) {
  Outcome outcome;
  CLI::App app;
  AddConfigCommands(app, &outcome.exit_code);
  arguments.insert(arguments.begin(), "config");
  std::reverse(arguments.begin(), arguments.end());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  app.parse(arguments);
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

constexpr char kQuickstart[] = "configs/quickstart.yaml";

TEST(ConfigCommandsTest, CheckPrintsWhatFollowsFromASoundFile) {
  const Outcome outcome = Call({"check", kQuickstart});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("is a sound configuration of a run"), HasSubstr("samples per step")));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(ConfigCommandsTest, CheckKnowsPretrainingFilesByItself) {
  const Outcome outcome = Call({"check", "configs/tiny/pretrain.yaml"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("is a sound configuration of a pre-training"));
}

// Every file below configs/ that is meant for a command.
std::vector<std::string> ShippedConfigs() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(ConfigCommandsTest, EveryShippedFileIsSound) {
  const std::vector<std::string> files = ShippedConfigs();
  EXPECT_GE(files.size(), 9);
  for (const std::string& file : files) {
    const Outcome outcome = Call({"check", file});
    EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("is a sound configuration")) << file;
  }
}

// The GPU's size of the first lines of these files, without a checkpoint in sight.
TEST(ConfigCommandsTest, CheckPrintsTheMemoryThatAModelOfAKnownNameNeeds) {
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"configs/r1_zero/qwen2.5-0.5b.yaml", "GPU 0 in all"}, {"configs/r1_zero/qwen2.5-1.5b.yaml", "GPU memory of the learner"},
      {"configs/r1_zero/qwen2.5-7b.yaml", "GPU memory of a worker"}, {"configs/r1_zero/llama-3.1-8b.yaml", "GPU memory of a worker"}};
  for (const auto& [file, need] : expected) {
    const Outcome outcome = Call({"check", file});
    EXPECT_THAT(outcome.out, AllOf(HasSubstr(need), HasSubstr("as published; there is no models/"), HasSubstr("keys and values of"))) << file;
  }
}

// Qwen2.5-7B and Llama-3.1-8B nearly fill the learner's GPU: whatever is counted beside must have a place there.
TEST(ConfigCommandsTest, TheLargestShippedConfigsFitTheirGpu) {
  constexpr double kGpuGib = 139.8;  // An H200, without what its driver keeps.
  for (const char* file : {"configs/r1_zero/qwen2.5-7b.yaml", "configs/r1_zero/llama-3.1-8b.yaml"}) {
    const Outcome outcome = Call({"check", file});
    const std::string label = "GPU memory of the learner";
    const size_t at = outcome.out.find(label);
    ASSERT_NE(at, std::string::npos) << outcome.out;
    const double gib = std::atof(outcome.out.c_str() + at + label.size());
    EXPECT_GT(gib, 100) << file;
    EXPECT_LT(gib, kGpuGib) << file;
  }
}

TEST(ConfigCommandsTest, AModelOfAnUnknownNameIsSaidToBeMissing) {
  const Outcome outcome = Call({"check", "configs/r1_zero/qwen2.5-7b.yaml", "--set", "model.path=models/nobody-knows"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("GPU memory"), HasSubstr("unknown: models/nobody-knows")));
}

TEST(ConfigCommandsTest, CheckReportsAllErrorsOnStderr) {
  const Outcome outcome = Call({"check", kQuickstart, "--set", "algorithm.minibatches=7", "--set", "rollout.top_p=0.9"});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("7 equal minibatches; use 4 or 8"), HasSubstr("rollout.top_p: is 0.9")));
}

TEST(ConfigCommandsTest, APretrainingFileWithAMistakeGetsThatMistakeOnly) {
  const Outcome outcome = Call({"check", "configs/tiny/pretrain.yaml", "--set", "training.row_tokens=1"});
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_EQ(outcome.err, "cohort: --set training.row_tokens=1: training.row_tokens: is 1 tokens; it must be at least 2\n");
}

TEST(ConfigCommandsTest, AMissingFileHasItsOwnExitCode) {
  const Outcome outcome = Call({"check", "absent.yaml"});
  EXPECT_EQ(outcome.exit_code, kExitNotFound);
  EXPECT_THAT(outcome.err, HasSubstr("absent.yaml"));
}

TEST(ConfigCommandsTest, WhatShowPrintsIsAFileThatShowsTheSame) {
  const Outcome shown = Call({"show", kQuickstart});
  ASSERT_EQ(shown.exit_code, kExitOk) << shown.err;
  EXPECT_THAT(shown.out, AllOf(StartsWith("run:\n  name: \"quickstart\"\n"), HasSubstr("  beta2: 0.95\n")));
  TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "again.yaml", shown.out));
  EXPECT_EQ(Call({"show", directory / "again.yaml"}).out, shown.out);
}

TEST(ConfigCommandsTest, ExplainPrintsAFieldsDocumentation) {
  const Outcome outcome = Call({"explain", "group_size"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, HasSubstr("Completions of one prompt."));
}

TEST(ConfigCommandsTest, ExplainOfAnUnknownFieldNamesTheNearest) {
  const Outcome outcome = Call({"explain", "group_siz"});
  EXPECT_EQ(outcome.exit_code, kExitNotFound);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean algorithm.group_size?"));
}

}  // namespace
}  // namespace cohort::cli
