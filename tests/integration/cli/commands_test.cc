// The commands of `cohort` as a person calls them.
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_program.h"

namespace cohort::testing {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTemplate[] = "User: {prompt}\\nAssistant: ";

TEST(CliTest, EveryCommandExplainsItselfWithAnExample) {
  const std::vector<std::vector<std::string>> commands = {
      {}, {"run"}, {"report"}, {"generate"}, {"eval"}, {"grade"}, {"pretrain"}, {"config"}, {"config", "check"}, {"config", "show"}, {"config", "explain"},
      {"queue"}, {"queue", "stats"}, {"queue", "probe"}, {"status"}, {"top"}, {"doctor"}, {"service"}, {"worker"}, {"dlq"}, {"checkpoint"}, {"policy"}, {"sample"},
      {"events"}, {"operation"}, {"context"}, {"parse"}, {"completion"}, {"data"}, {"data", "arithmetic"}, {"data", "arithmetic", "corpus"}, {"data", "arithmetic", "problems"}};
  for (std::vector<std::string> command : commands) {
    command.push_back("--help");
    const CliResult result = RunCli(command);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, AllOf(HasSubstr("Usage:"), HasSubstr("Example"), HasSubstr("cohort "))) << ::testing::PrintToString(command);
  }
}

TEST(CliTest, TellsItsVersion) { EXPECT_THAT(RunCli({"--version"}).output, HasSubstr("cohort 0.")); }

TEST(CliTest, WrongCommandLinesEndWithTwo) {
  EXPECT_EQ(RunCli({"no-such-command"}).exit_code, 2);
  EXPECT_EQ(RunCli({"run"}).exit_code, 2);
  EXPECT_EQ(RunCli({"eval", "--model", "x", "--samples", "many"}).exit_code, 2);
  const CliResult both = RunCli({"generate", "1 + 1"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.output, HasSubstr("--model DIR or --endpoint"));
}

TEST(CliTest, WhatIsNotThereEndsWithThree) {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{"run", "no/such.yaml"},
                                                                                      {"report", "no/such/run"},
                                                                                      {"generate", "--model", "no/such/model", "1 + 1"},
                                                                                      {"eval", "--model", TestModel(), "--data", "no/such.jsonl"}}) {
    const CliResult result = RunCli(command);
    EXPECT_EQ(result.exit_code, 3) << result.output;
    EXPECT_THAT(result.output, AllOf(HasSubstr("cohort: "), HasSubstr("no/such")));
  }
}

TEST(CliTest, ServicesThatDoNotAnswerEndWithFiveAndTheirAddress) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"queue", "probe", "--redis", "127.0.0.1:1", "--run", "x", "--timeout", "0.3"}}) {
    const CliResult result = RunCli(command);
    EXPECT_EQ(result.exit_code, 5) << result.output;
    EXPECT_THAT(result.output, HasSubstr("127.0.0.1:1"));
  }
}

TEST(CliTest, ConfigCommandsCheckShowAndExplain) {
  EXPECT_EQ(RunCli({"config", "check", "configs/quickstart.yaml"}).exit_code, 0);
  const CliResult wrong = RunCli({"config", "check", "configs/quickstart.yaml", "--set", "algorithm.group_size=1"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.output, HasSubstr("algorithm.group_size"));
  EXPECT_THAT(RunCli({"config", "show", "configs/quickstart.yaml"}).output, HasSubstr("beta2: 0.95"));
  EXPECT_THAT(RunCli({"config", "explain", "algorithm.clip_high"}).output, HasSubstr("Upper side of the clip"));
}

TEST(CliTest, DataSetsAreMadeFromTheirSeed) {
  TempDir directory;
  for (const char* name : {"a.jsonl", "b.jsonl"}) {
    const CliResult result = RunCli({"data", "arithmetic", "problems", "-o", directory / name, "-n", "50", "--seed", "5", "--split", "held-out"});
    ASSERT_EQ(result.exit_code, 0) << result.output;
  }
  ASSERT_OK_AND_ASSIGN(const std::string a, io::ReadFile(directory / "a.jsonl"));
  EXPECT_THAT(io::ReadFile(directory / "b.jsonl"), IsOkAndHolds(a));
  EXPECT_EQ(std::count(a.begin(), a.end(), '\n'), 50);
}

TEST(CliTest, GenerateCompletesPromptsAndEqualSeedsGiveEqualText) {
  const std::vector<std::string> command = {"generate", "--model",  TestModel(), "--template", kTemplate, "--max-new-tokens", "24", "--samples",
                                            "2",        "--json", "12 + 34",   "56 - 21"};
  const CliResult first = RunCli(command), second = RunCli(command);
  ASSERT_EQ(first.exit_code, 0) << first.output;
  EXPECT_EQ(first.output, second.output);
  EXPECT_EQ(std::count(first.output.begin(), first.output.end(), '\n'), 4);
  const json row = json::parse(first.output.substr(0, first.output.find('\n')));
  EXPECT_EQ(row["prompt"], "12 + 34");
  EXPECT_GT(row["tokens"].get<int>(), 0);
}

TEST(CliTest, GenerateStreamsEachCompletionUnderItsTitle) {
  const CliResult result = RunCli({"generate", "--model", TestModel(), "--template", kTemplate, "--max-new-tokens", "24", "--samples", "2", "12 + 34"});
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("── prompt 1, sample 1 ──"), HasSubstr("── prompt 1, sample 2 ──")));
}

TEST(CliTest, EvalMeasuresACheckpointTheSameForAnyNumberOfWorkers) {
  const auto evaluate = [](const std::string& workers) {
    const CliResult result = RunCli({"eval", "--model", TestModel(), "--config", "configs/quickstart.yaml", "--samples", "2", "--greedy", "--limit", "40",
                                     "--workers", workers, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.output;
    json out = json::parse(result.output, nullptr, false);
    out.erase("seconds");
    return out;
  };
  const json one = evaluate("1");
  EXPECT_EQ(one, evaluate("2"));
  EXPECT_EQ(one["problems"], 40);
  EXPECT_EQ(one["completions"], 80);
  EXPECT_GT(one["mean_length"].get<double>(), 1);
  EXPECT_TRUE(one["pass_at"].contains("2"));
  EXPECT_GE(one["pass_at"]["2"].get<double>(), one["pass_at"]["1"].get<double>());
  EXPECT_NEAR(one["pass_at"]["1"].get<double>(), one["accuracy"].get<double>(), 1e-12);
}

TEST(CliTest, AnAnswerThatCannotBeParsedIsNamedBeforeAnythingIsSampled) {
  TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "data.jsonl", "{\"prompt\":\"1 + 1\",\"answer\":\"2\"}\n{\"prompt\":\"1 + 2\",\"answer\":\"three (((\"}\n"));
  const CliResult result = RunCli({"eval", "--model", TestModel(), "--data", directory / "data.jsonl"});
  EXPECT_EQ(result.exit_code, 2) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("data.jsonl:2"), HasSubstr("three (((")));
}

TEST(CliTest, EvalRunsProgramsWhenThePolicySaysSoAndThatIsAllowed) {
  TempDir directory;
  // What the tiny model answers, a number, is a program that prints nothing.
  ASSERT_OK(io::WriteFileAtomically(directory / "data.jsonl", json{{"prompt", "What is 1 + 4?"}, {"answer", R"({"tests": [{"stdin": "", "stdout": ""}]})"}}.dump() + "\n"));
  const std::vector<std::string> command = {"eval", "--model", TestModel(), "--data", directory / "data.jsonl", "--policy", "code", "--samples", "32", "--json"};
  std::vector<std::string> allowed = command;
  allowed.push_back("--allow-weak-isolation");
  const CliResult result = RunCli(allowed);
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_GT(json::parse(result.output)["accuracy"].get<double>(), 0) << result.output;
  const CliResult refused = RunCli(command);
  if (refused.exit_code == 0) GTEST_SKIP() << "this machine is isolated";
  EXPECT_THAT(refused.output, HasSubstr("--allow-weak-isolation"));
}

TEST(CliTest, AModelThatCannotBeLoadedIsRefusedInTheServicesOwnWords) {
  TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "config.json", "{}"));
  const CliResult result = RunCli({"generate", "--model", directory.path(), "1 + 1"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("config.json"), Not(HasSubstr("died too often"))));
}

}  // namespace
}  // namespace cohort::testing
