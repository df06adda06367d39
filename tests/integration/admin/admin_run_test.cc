// A run that is watched and steered from outside: real launcher, services, Redis and `cohort` commands.
#include <signal.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/rpc/client.h"
#include "common/testing/status_matchers.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/common/v1/health.pb.h"
#include "tests/integration/cli/cli_program.h"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kPromptsPerStep = 8;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

class AdminRunTest : public ::testing::Test {
 protected:
  // Runs a command against the run's admin service.
  CliResult Admin(const TrainingRun& run, std::vector<std::string> command) {
    command.insert(command.end(), {"--endpoint", run.Path("")});
    return RunCli(command);
  }
  json AdminJson(const TrainingRun& run, std::vector<std::string> command) {
    command.insert(command.end(), {"-o", "json"});
    const CliResult result = Admin(run, command);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    const json answer = json::parse(result.output, nullptr, /*allow_exceptions=*/false);
    EXPECT_FALSE(answer.is_discarded()) << result.output;
    return answer;
  }
  // Returns when the learner has seen that it is to pause, so that no checkpoint comes or goes any more.
  void WaitUntilPaused(const TrainingRun& run) {
    const absl::Time deadline = Within(30);
    while (Status(run)["bottleneck"] != "BOTTLENECK_PAUSED" && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(50));
    EXPECT_EQ(Status(run)["bottleneck"], "BOTTLENECK_PAUSED");
  }
  json Status(const TrainingRun& run) { return AdminJson(run, {"status"})["status"]; }

  // That a person who looks at a sample, or at who drained a worker, finds what the other services wrote about it.
  void ExpectTheLatestSampleTellsItsTrace(const TrainingRun& run) {
    const json sample = AdminJson(run, {"sample", "list", "--limit", "1"})["samples"][0];
    const std::string id = sample["trace_id"], group = sample["group_id"];
    EXPECT_THAT(id, SizeIs(32));
    EXPECT_THAT(Admin(run, {"sample", "show", absl::StrCat(group, "#", sample["sample"].get<int>())}).output, HasSubstr(id));
    const std::string ledger = io::ReadFile(run.Path("ledger.jsonl")).value_or("");
    EXPECT_THAT(ledger, ::testing::ContainsRegex(absl::StrCat("\"group_id\":\"", group, "\"[^\n]*\"trace_id\":\"", id, "\"")));
  }
  void ExpectAuditsTellTheirTrace(const TrainingRun& run, const std::string& worker) {
    int drains = 0;
    const std::string log = io::ReadFile(run.Path(absl::StrCat("logs/", worker, ".log"))).value_or("");
    const std::string events = Admin(run, {"events", "-o", "json"}).output;
    for (const auto text : absl::StrSplit(events, "\n}\n", absl::SkipEmpty())) {
      const json event = json::parse(absl::StrCat(text, "}"))["event"];
      if (!event.is_object() || event["kind"] != "EVENT_KIND_AUDIT" || event["subject"] != worker || event["message"].get<std::string>().rfind("drain", 0) != 0) continue;
      ++drains;
      EXPECT_THAT(log, ::testing::ContainsRegex(absl::StrCat("leases nothing more.* trace=", event["trace_id"].get<std::string>())));
    }
    EXPECT_EQ(drains, 1) << events;
  }

  static std::map<std::string, int> TimesTrained(const TrainingRun& run) {
    std::map<std::string, int> times;
    const std::string ledger = io::ReadFile(run.Path("ledger.jsonl")).value_or("");
    for (const auto line : absl::StrSplit(ledger, '\n', absl::SkipEmpty())) {
      const json entry = json::parse(std::string(line));
      EXPECT_EQ(entry["outcome"], "trained") << line;
      ++times[entry["group_id"]];
    }
    return times;
  }
  static std::string FinalWeights(const TrainingRun& run) { return io::ReadFile(run.Path("model/model.safetensors")).value_or(""); }
  // Steps done, by the step log.
  static int Steps(const TrainingRun& run) { return static_cast<int>(run.StepLines().size()); }
};

TEST_F(AdminRunTest, ScalingWhileTrainingLosesAndDoublesNothing) {
  constexpr int kSteps = 60;
  TrainingRun still({absl::StrCat("run.steps=", kSteps)});
  ASSERT_OK(still.Start({"--no-eval"}));
  ASSERT_THAT(still.Wait(Within(120)), IsOkAndHolds(0)) << still.Output();

  TrainingRun run({absl::StrCat("run.steps=", kSteps), "rollout.workers=1"});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(2, Within(60)));
  for (const int workers : {4, 1, 0, 2}) {
    const CliResult scaled = Admin(run, {"worker", "scale", absl::StrCat(workers), "--wait"});
    ASSERT_EQ(scaled.exit_code, 0) << scaled.output << run.Output();
    EXPECT_THAT(scaled.output, HasSubstr(absl::StrCat(workers, " of ", workers, " workers are ready")));
    const int before = Steps(run);
    if (workers == 0) {
      // The groups that were handed in still make a step; then nothing comes any more.
      absl::SleepFor(absl::Seconds(1));
      EXPECT_LE(Steps(run), before + 1);
      EXPECT_EQ(Status(run)["bottleneck"], "BOTTLENECK_NO_WORKERS");
    } else if (before + 2 < kSteps) {
      ASSERT_OK(run.WaitForSteps(before + 2, Within(60))) << "with " << workers << " workers";
    }
  }
  ASSERT_THAT(run.Wait(Within(180)), IsOkAndHolds(0)) << run.Output();
  EXPECT_THAT(TimesTrained(run), AllOf(SizeIs(kSteps * kPromptsPerStep), Each(Pair(::testing::_, 1))));
  EXPECT_TRUE(FinalWeights(run) == FinalWeights(still)) << "the number of workers has changed what was learnt";
  const std::string log = io::ReadFile(run.Path("logs/cohort-learner.log")).value_or("");
  for (const auto line : absl::StrSplit(log, '\n')) EXPECT_FALSE(line.size() > 1 && line[0] == 'E' && isdigit(line[1])) << line;
}

TEST_F(AdminRunTest, ARunIsWatchedAndSteered) {
  TrainingRun run({"run.steps=100000"});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(4, Within(60)));
  EXPECT_THAT(run.Output(), HasSubstr("cohort status --endpoint 127.0.0.1:"));

  const json status = Status(run);
  EXPECT_EQ(status["run_id"], "short");
  EXPECT_EQ(status["phase"], "RUN_PHASE_TRAINING");
  double seconds = 0;
  for (const json& share : status["learner_time"]["shares"]) seconds += share["seconds"].get<double>();
  EXPECT_NEAR(seconds, status["learner_time"]["wall_seconds"].get<double>(), 1e-6);
  EXPECT_GT(status["steps_per_second"].get<double>(), 0);
  EXPECT_EQ(AdminJson(run, {"worker", "list"})["total_size"], 2);
  EXPECT_EQ(Admin(run, {"worker", "list", "-o", "name"}).output, "cohort-rollout-0\ncohort-rollout-1\n");
  EXPECT_EQ(Admin(run, {"worker", "get", "nobody"}).exit_code, 3);
  EXPECT_EQ(Admin(run, {"worker", "list", "--filter", "color=red"}).exit_code, 2);
  EXPECT_EQ(Admin(run, {"doctor"}).exit_code, 0);
  EXPECT_GT(AdminJson(run, {"queue", "stats"})["queue"]["incarnation"], "0");
  EXPECT_THAT(Admin(run, {"queue", "stats"}).output, AllOf(HasSubstr("tasks that no worker holds"), HasSubstr("dead letters 0")));
  EXPECT_THAT(Admin(run, {"run", "config"}).output, HasSubstr("prompts_per_step: 8"));
  EXPECT_THAT(Admin(run, {"service", "metrics"}).output, HasSubstr("cohort_learner_steps_total"));
  EXPECT_EQ(Admin(run, {"service", "log-level", "cohort-learner", "WARNING"}).exit_code, 0);
  const json samples = AdminJson(run, {"sample", "list", "--limit", "3"})["samples"];
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_NE(samples[0]["verdict"], "");

  // Where everybody is an operator, tools find the channels of the service.
  ASSERT_OK_AND_ASSIGN(const std::string endpoint, io::ReadFile(run.Path("launch/cohort-admin.json")));
  const auto channel = rpc::Connect(json::parse(endpoint)["grpc"]);
  const grpc::internal::RpcMethod servers("/grpc.channelz.v1.Channelz/GetServers", grpc::internal::RpcMethod::NORMAL_RPC, channel);
  grpc::ClientContext context;
  rpc::SetDeadline(context, Within(20));
  common::v1::HealthProbe everything;
  common::v1::HealthState found;
  EXPECT_TRUE((grpc::internal::BlockingUnaryCall<common::v1::HealthProbe, common::v1::HealthState>(channel.get(), servers, &context, everything, &found).ok()));

  ASSERT_EQ(Admin(run, {"run", "pause", "--reason", "test"}).exit_code, 0);
  WaitUntilPaused(run);
  ExpectTheLatestSampleTellsItsTrace(run);
  const int paused_at = Steps(run);
  ASSERT_EQ(Admin(run, {"checkpoint", "create", "--wait"}).exit_code, 0);
  EXPECT_EQ(Steps(run), paused_at);
  const json checkpoints = AdminJson(run, {"checkpoint", "list"})["checkpoints"];
  ASSERT_FALSE(checkpoints.empty());
  EXPECT_EQ(checkpoints.back()["step"], absl::StrCat(paused_at));
  ASSERT_EQ(Admin(run, {"run", "resume"}).exit_code, 0);
  EXPECT_EQ(Admin(run, {"run", "learning-rate", "nan"}).exit_code, 2) << "outside what the config allows";
  EXPECT_EQ(Admin(run, {"run", "learning-rate", "1e-4"}).exit_code, 0);
  EXPECT_EQ(Admin(run, {"policy", "rollback", "step-000001"}).exit_code, 3);
  // Paused again, so that the checkpoint is not pruned under the test.
  ASSERT_EQ(Admin(run, {"run", "pause"}).exit_code, 0);
  WaitUntilPaused(run);
  const CliResult names = Admin(run, {"checkpoint", "list", "-o", "name"});
  const std::string oldest = names.output.substr(0, names.output.find('\n'));
  const CliResult rollback = Admin(run, {"policy", "rollback", oldest, "--wait"});
  EXPECT_EQ(rollback.exit_code, 0) << rollback.output;
  ASSERT_EQ(Admin(run, {"run", "resume"}).exit_code, 0);

  EXPECT_EQ(Admin(run, {"worker", "drain", "cohort-rollout-0", "--wait"}).exit_code, 0);
  EXPECT_EQ(AdminJson(run, {"worker", "get", "cohort-rollout-0"})["worker"]["service"]["state"], "SERVICE_STATE_DRAINED");
  ExpectAuditsTellTheirTrace(run, "cohort-rollout-0");
  EXPECT_EQ(Admin(run, {"worker", "undrain", "cohort-rollout-0"}).exit_code, 0);
  EXPECT_EQ(Admin(run, {"worker", "drain", "cohort-rollout-1", "--exit", "--wait"}).exit_code, 0);
  EXPECT_EQ(AdminJson(run, {"worker", "list"})["total_size"], 1) << "a worker that was drained away is not replaced";
  EXPECT_THAT(Admin(run, {"events"}).output, AllOf(HasSubstr("pause: test"), HasSubstr("checkpoint of step"), HasSubstr("drain and end")));

  run.launcher().Signal(SIGINT);
  ASSERT_OK(run.Wait(Within(60)));
}

TEST_F(AdminRunTest, AnAdminServiceThatIsKilledAnswersAsBeforeAndTheRunGoesOn) {
  TrainingRun run({"run.steps=100000"});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(2, Within(60)));
  ASSERT_EQ(Admin(run, {"checkpoint", "create", "--wait"}).exit_code, 0);
  const std::string before = Admin(run, {"operation", "list", "-o", "name"}).output;
  ASSERT_OK(run.KillChildren("cohort-admin"));
  const int steps = Steps(run);
  const absl::Time deadline = Within(30);
  std::string after;
  while (after != before && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(100));
    after = Admin(run, {"operation", "list", "-o", "name"}).output;
  }
  EXPECT_EQ(after, before);
  ASSERT_OK(run.WaitForSteps(steps + 2, Within(30)));
  run.launcher().Signal(SIGINT);
  ASSERT_OK(run.Wait(Within(60)));
}

TEST(AdminCommandTest, WithoutAServiceTheErrorSaysWhatToDo) {
  const CliResult nobody = RunCli({"status", "--endpoint", "127.0.0.1:1", "--timeout", "2"});
  EXPECT_EQ(nobody.exit_code, 5);
  EXPECT_THAT(nobody.output, HasSubstr("127.0.0.1:1"));
  TempDir directory;
  const CliResult nothing = RunCli({"status", "--endpoint", directory.path()});
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_THAT(nothing.output, HasSubstr("cohort-admin.json"));
  EXPECT_EQ(RunCli({"status", "--endpoint", "nowhere"}).exit_code, 2);
  EXPECT_EQ(RunCli({"run"}).exit_code, 2);
}

}  // namespace
}  // namespace cohort::testing
