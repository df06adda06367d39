// What a run leaves behind, and that it can be interrupted.
#include <signal.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

std::string Content(const std::string& path) {
  auto content = io::ReadFile(path);
  EXPECT_OK(content);
  return content.ok() ? *content : "";
}

void ExpectShare(const json& value) {
  ASSERT_TRUE(value.is_number());
  EXPECT_THAT(value.get<double>(), AllOf(Ge(0.0), Le(1.0)));
}

TEST(EndToEndTest, ARunLeavesEverythingItPromises) {
  TrainingRun run({"run.steps=3", "run.seed=7"});
  ASSERT_OK(run.Start());
  ASSERT_THAT(run.Wait(Within(120)), IsOkAndHolds(0)) << run.Output();

  const json summary = json::parse(Content(run.Path("summary.json")));
  for (const char* side : {"before", "after"}) {
    for (const char* share : {"accuracy", "format", "self_check"}) ExpectShare(summary[side][share]);
    EXPECT_GT(summary[side]["mean_length"].get<double>(), 1.0);
  }
  EXPECT_EQ(summary["steps"], 3);
  EXPECT_EQ(summary["seed"], 7);
  EXPECT_GT(summary["train_seconds"].get<double>(), 0.0);
  EXPECT_GT(summary["tokens_per_second"].get<double>(), 0.0);

  ASSERT_EQ(run.StepLines().size(), 3u);
  const json step = json::parse(run.StepLines().back());
  EXPECT_EQ(std::stoi(step["step"].is_string() ? step["step"].get<std::string>() : step["step"].dump()), 2);
  EXPECT_LT(step["logprob_diff_mean"].get<double>(), 1e-4) << "sampler and learner disagree";

  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
    EXPECT_TRUE(std::filesystem::exists(run.Path(std::string("model/") + name))) << name;
  }
  const std::string report = Content(run.Path("report.html"));
  EXPECT_THAT(report, AllOf(HasSubstr("<svg"), HasSubstr("short"), Not(HasSubstr("src=\"http"))));
  bool events = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(run.Path(""))) {
    events = events || entry.path().filename().string().find("tfevents") != std::string::npos;
  }
  EXPECT_TRUE(events) << "no TensorBoard event file";
  EXPECT_THAT(run.Output(), AllOf(HasSubstr("before"), HasSubstr("after"), HasSubstr(run.Path("report.html"))));
}

TEST(EndToEndTest, AnInterruptedRunGoesOnWithResumeToTheSameWeights) {
  TrainingRun whole({"run.steps=6"});
  ASSERT_OK(whole.Start({"--no-eval"}));
  ASSERT_THAT(whole.Wait(Within(120)), IsOkAndHolds(0)) << whole.Output();

  TrainingRun interrupted({"run.steps=6"});
  ASSERT_OK(interrupted.Start({"--no-eval"}));
  ASSERT_OK(interrupted.WaitForSteps(2, Within(60)));
  interrupted.launcher().Signal(SIGINT);
  ASSERT_OK(interrupted.Wait(Within(30)));
  EXPECT_THAT(interrupted.Output(), HasSubstr("--resume"));
  ASSERT_LT(interrupted.StepLines().size(), 6u) << "it was too late to interrupt";

  ASSERT_OK(interrupted.Start({"--no-eval", "--resume"}));
  ASSERT_THAT(interrupted.Wait(Within(120)), IsOkAndHolds(0)) << interrupted.Output();
  EXPECT_TRUE(Content(whole.Path("model/model.safetensors")) == Content(interrupted.Path("model/model.safetensors")));
}

TEST(EndToEndTest, RolloutsMayRunAheadOfTheLearnerWithinTheBound) {
  TrainingRun run({"run.steps=8", "algorithm.max_staleness=2", "algorithm.importance_correction=TOKEN"});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_THAT(run.Wait(Within(120)), IsOkAndHolds(0)) << run.Output();
  double most = 0;
  for (const std::string& line : run.StepLines()) {
    const json record = json::parse(line);
    const json& staleness = record["staleness_max"];
    most = std::max(most, staleness.is_string() ? std::stod(staleness.get<std::string>()) : staleness.get<double>());
  }
  EXPECT_THAT(most, AllOf(Ge(1.0), Le(2.0)));
}

}  // namespace
}  // namespace cohort::testing
