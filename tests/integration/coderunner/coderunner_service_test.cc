// The coderunner as a process, through the protocol of the reward service.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/integration/reward/reward_process.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kDouble[] = R"({"tests": [{"stdin": "4\n", "stdout": "8\n"}, {"stdin": "-1\n", "stdout": "-2\n"}]})";

// A real cohort-coderunner with its work directory in a place of its own.
class Coderunner : public RewardProcess {
 public:
  explicit Coderunner(std::vector<std::string> flags = {}) : Coderunner(std::make_unique<testing::TempDir>(), std::move(flags)) {}

  // What lies in its work directory.
  bool LeftFiles() const { return !std::filesystem::is_empty(work_->path()); }

 private:
  Coderunner(std::unique_ptr<testing::TempDir> work, std::vector<std::string> flags)
      : RewardProcess(WithWork(*work, std::move(flags)), {}, "cohort-coderunner"), work_(std::move(work)) {}

  static std::vector<std::string> WithWork(const testing::TempDir& work, std::vector<std::string> flags) {
    std::filesystem::permissions(work.path(), std::filesystem::perms(0711));  // As /tmp, for programs of other users.
    flags.insert(flags.end(), {"--allow-weak-isolation", "--work-directory", work.path()});
    return flags;
  }

  std::unique_ptr<testing::TempDir> work_;
};

v1::ScoreItem* Add(v1::ScoreRequest& request, const std::string& gold, const std::string& completion) {
  v1::ScoreItem* item = request.add_items();
  item->set_id(absl::StrCat("item-", request.items_size()));
  item->set_gold_answer(gold);
  item->set_completion(completion);
  item->set_policy_id("bare:code");
  item->set_finish_reason(common::v1::FINISH_REASON_STOP);
  return item;
}

absl::Status Score(RewardProcess& service, const v1::ScoreRequest& request, v1::ScoreResponse* response, absl::Duration patience = kPatience) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + patience);
  return rpc::FromGrpc(service.stub().Score(&context, request, response));
}

v1::Verdict ScoreOne(RewardProcess& service, const std::string& gold, const std::string& completion) {
  v1::ScoreRequest request;
  Add(request, gold, completion);
  v1::ScoreResponse response;
  EXPECT_OK(Score(service, request, &response));
  return response.results_size() == 1 ? response.results(0).verdict() : v1::VERDICT_UNSPECIFIED;
}

TEST(CoderunnerServiceTest, GradesAGroupWithEveryVerdict) {
  Coderunner service;
  v1::ScoreRequest request;
  const std::string right = "```python\nprint(2 * int(input()))\n```";
  Add(request, kDouble, "Reasoning.\n" + right + "\nDone.");
  Add(request, kDouble, "```cpp\n#include <iostream>\nint main() { int n; std::cin >> n; std::cout << 2 * n; }\n```");
  Add(request, kDouble, "print(8)");
  Add(request, kDouble, "");
  Add(request, kDouble, "```cpp\nint main() { return x; }\n```");
  Add(request, kDouble, "while True: pass");
  Add(request, "8", right);
  v1::ScoreItem* tagged = Add(request, kDouble, right);
  tagged->set_policy_id("r1_zero:code");
  v1::ScoreItem* zero = Add(request, kDouble, "<think>Twice.</think>\n<answer>\n" + right + "\n</answer>");
  zero->set_policy_id("code");
  zero->set_template_(v1::TEMPLATE_R1_ZERO);
  zero->mutable_auxiliary()->set_tag_count(true);
  v1::ScoreResponse response;
  ASSERT_OK(Score(service, request, &response));
  ASSERT_EQ(response.results_size(), request.items_size());
  const v1::Verdict wanted[] = {v1::VERDICT_CORRECT, v1::VERDICT_CORRECT, v1::VERDICT_INCORRECT, v1::VERDICT_NO_ANSWER, v1::VERDICT_PRED_UNPARSEABLE,
                                v1::VERDICT_TIMEOUT, v1::VERDICT_GOLD_UNPARSEABLE, v1::VERDICT_FORMAT, v1::VERDICT_CORRECT};
  for (int i = 0; i < response.results_size(); ++i) {
    EXPECT_EQ(v1::Verdict_Name(response.results(i).verdict()), v1::Verdict_Name(wanted[i])) << i;
    EXPECT_EQ(response.results(i).id(), request.items(i).id());
  }
  const v1::ScoreResult& first = response.results(0);
  EXPECT_EQ(request.items(0).completion().substr(first.answer_begin(), first.answer_end() - first.answer_begin()), "print(2 * int(input()))\n");
  EXPECT_TRUE(first.format_ok());
  EXPECT_GT(first.micros(), 0u);
  EXPECT_EQ(response.results(8).policy_id(), "r1_zero:code");
  EXPECT_EQ(response.results(8).auxiliary().tag_count(), 1);
  EXPECT_EQ(response.results(7).format_reason(), v1::FORMAT_REASON_MISSING_TAG);
}

TEST(CoderunnerServiceTest, CompileGoldNamesTheFieldAndRefusesOtherPolicies) {
  Coderunner service;
  v1::CompileGoldRequest request;
  request.set_policy_id("code");
  request.add_gold_answers(kDouble);
  request.add_gold_answers("\\frac12");
  request.add_gold_answers(R"({"function": "f", "tests": [{"arguments": [1]}]})");
  v1::CompileGoldResponse response;
  grpc::ClientContext context;
  ASSERT_OK(rpc::FromGrpc(service.stub().CompileGold(&context, request, &response)));
  ASSERT_EQ(response.errors_size(), 2);
  EXPECT_EQ(response.errors(0).index(), 1);
  EXPECT_THAT(response.errors(0).message(), HasSubstr("not JSON"));
  EXPECT_THAT(response.errors(1).message(), HasSubstr("tests[0].expected: is missing"));
  request.set_policy_id("exact");
  grpc::ClientContext second;
  EXPECT_THAT(rpc::FromGrpc(service.stub().CompileGold(&second, request, &response)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("set reward.policy to 'code'")));
}

TEST(CoderunnerServiceTest, TheGraderOfMathematicsRefusesItsPolicy) {
  RewardProcess mathematics;
  v1::CompileGoldRequest request;
  request.set_policy_id("code");
  v1::CompileGoldResponse response;
  grpc::ClientContext context;
  EXPECT_THAT(rpc::FromGrpc(mathematics.stub().CompileGold(&context, request, &response)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'code' is not known")));
}

TEST(CoderunnerServiceTest, IsReadyAfterItsSelfTestAndSaysHowItIsIsolated) {
  Coderunner service;
  EXPECT_OK(rpc::WaitUntilReady(service.channel(), "coderunner", "readiness", absl::Now() + kPatience));
  EXPECT_THAT(service.Log(), HasSubstr("isolation level: "));
  EXPECT_THAT(service.Log(), HasSubstr("self-test: to read what is not in its view: refused"));
  EXPECT_THAT(service.Log(), HasSubstr("self-test: to spin for ever: stopped at its CPU limit"));
  EXPECT_EQ(ScoreOne(service, kDouble, "print(2 * int(input()))"), v1::VERDICT_CORRECT);
  EXPECT_EQ(service.Metric("cohort_coderunner_programs_total{verdict=\"correct\"}"), 1);
  EXPECT_EQ(service.Metric("cohort_coderunner_tests_total{end=\"passed\"}"), 2);
}

TEST(CoderunnerServiceTest, TheLowerLevelIsSaidToo) {
  Coderunner service({"--walls", "process"});
  EXPECT_THAT(service.Log(), HasSubstr("walls around each program: process"));
  EXPECT_EQ(service.Metric("cohort_coderunner_walls"), 0);
  EXPECT_EQ(ScoreOne(service, kDouble, "print(2 * int(input()))"), v1::VERDICT_CORRECT);
}

TEST(CoderunnerServiceTest, WithoutAStrongRuntimeItRunsOnlyWhenThatIsAllowed) {
  const testing::TempDir directory;
  process::ChildProcess::Options options;
  options.command = {Binary("cohort-coderunner"), "--endpoint-file", directory / "endpoint.json", "--work-directory", directory.path()};
  options.log_file = directory / "log";
  ASSERT_OK_AND_ASSIGN(const auto process, process::ChildProcess::Start(options));
  const absl::Time give_up = absl::Now() + kPatience;
  while (process->running() && !std::filesystem::exists(directory / "endpoint.json") && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
  const std::string log = io::ReadFile(directory / "log").value_or("");
  if (log.find("level: gvisor") != std::string::npos || log.find("level: kata") != std::string::npos) GTEST_SKIP() << "this machine is isolated: " << log;
  EXPECT_EQ(process->exit_code(), 1);
  EXPECT_THAT(log, HasSubstr("pass --allow-weak-isolation"));
}

// As in a restricted pod: no user of the system, no capability, no way to get one; once with what walls there are, once with the lowest.
TEST(CoderunnerServiceTest, ItsSandboxHoldsForAnUnprivilegedUser) {
  if (getuid() != 0) GTEST_SKIP() << "only root can become the unprivileged user";
  for (const char* walls : {"auto", "process"}) {
    const testing::TempDir directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
    std::filesystem::copy_file(Binary("cohort-coderunner"), directory / "cohort-coderunner");  // The build may lie where that user cannot look.
    process::ChildProcess::Options options;
    options.command = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--",
                       directory / "cohort-coderunner", "--walls", walls, "--work-directory", directory.path(), "--allow-weak-isolation"};
    options.log_file = directory / "log";
    ASSERT_OK_AND_ASSIGN(const auto process, process::ChildProcess::Start(options));
    const absl::Time give_up = absl::Now() + kPatience;
    const auto read_log = [&] { return io::ReadFile(directory / "log").value_or("(no log)"); };
    while (read_log().find("serving on") == std::string::npos && process->running() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(process->running()) << read_log();
    EXPECT_THAT(read_log(), HasSubstr("self-test: to signal others: refused"));
    EXPECT_THAT(read_log(), HasSubstr("serving on"));
  }
}

TEST(CoderunnerServiceTest, ExplainsATestThatFailed) {
  Coderunner service;
  v1::ScoreRequest items;
  v1::ExplainRequest request;
  *request.mutable_item() = *Add(items, kDouble, "```python\nn = int(input())\nprint(n * n // 2)\n```");
  v1::ExplainResponse response;
  grpc::ClientContext context;
  ASSERT_OK(rpc::FromGrpc(service.stub().Explain(&context, request, &response)));
  EXPECT_EQ(response.result().explanation().rule(), "test 2 of 2: line 1 is '0', '-2' is expected");
  EXPECT_EQ(response.result().explanation().answer_canonical(), "n = int(input())\nprint(n * n // 2)\n");
  EXPECT_EQ(response.result().explanation().gold_canonical(), "2 tests of standard output");
  v1::ParseResponse parsed;
  grpc::ClientContext second;
  EXPECT_THAT(rpc::FromGrpc(service.stub().Parse(&second, {}, &parsed)), StatusIs(absl::StatusCode::kUnimplemented));
}

TEST(CoderunnerServiceTest, AStreamAnswersEveryBatchByItsIds) {
  Coderunner service({"--slots", "2", "--queue-capacity", "3"});
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  const auto stream = service.stub().ScoreStream(&context);
  constexpr int kBatches = 20;
  std::thread writer([&] {
    for (int b = 0; b < kBatches; ++b) {
      v1::ScoreRequest items;
      Add(items, kDouble, absl::StrCat("print(2 * int(input()))  # ", b))->set_id(absl::StrCat(b, "/right"));
      Add(items, kDouble, absl::StrCat("print(", b, ")"))->set_id(absl::StrCat(b, "/wrong"));
      v1::ScoreStreamRequest request;
      *request.mutable_items() = items.items();
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::ScoreStreamResponse response;
  int batches = 0;
  for (; stream->Read(&response); ++batches) {
    for (const v1::ScoreResult& result : response.results()) {
      EXPECT_EQ(result.verdict(), result.id().find("right") != std::string::npos ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT) << result.id();
    }
  }
  writer.join();
  EXPECT_OK(rpc::FromGrpc(stream->Finish()));
  EXPECT_EQ(batches, kBatches);
}

TEST(CoderunnerServiceTest, AStreamWithAMalformedItemEndsWithItsError) {
  Coderunner service;
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  const auto stream = service.stub().ScoreStream(&context);
  v1::ScoreStreamRequest request;
  request.add_items()->set_id("bad");
  stream->Write(request);
  v1::ScoreStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(rpc::FromGrpc(stream->Finish()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bad")));
}

TEST(CoderunnerServiceTest, ACallerWhoseDeadlineIsTooShortGetsThereByRepeating) {
  Coderunner service({"--slots", "1"});
  v1::ScoreRequest request;
  for (int i = 0; i < 6; ++i) Add(request, R"({"tests": [{"stdin": "", "stdout": "1"}]})", absl::StrCat("import time\ntime.sleep(0.3)\nprint(1)  # ", i));
  v1::ScoreResponse response;
  absl::Status status = Score(service, request, &response, absl::Milliseconds(500));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  for (int calls = 0; !status.ok() && calls < 200; ++calls) status = Score(service, request, &response, absl::Milliseconds(700));
  ASSERT_OK(status);
  for (const v1::ScoreResult& result : response.results()) EXPECT_EQ(result.verdict(), v1::VERDICT_CORRECT);
  EXPECT_EQ(service.Metric("cohort_coderunner_programs_total{verdict=\"correct\"}"), 6);
}

TEST(CoderunnerServiceTest, AFullQueueIsRefusedWithARetryDelay) {
  Coderunner service({"--slots", "1", "--queue-capacity", "1"});
  std::thread busy([&] {
    v1::ScoreRequest request;
    for (int i = 0; i < 2; ++i) Add(request, R"({"tests": [{"stdin": "", "stdout": "1"}]})", absl::StrCat("import time\ntime.sleep(2)\nprint(1)  # ", i));
    v1::ScoreResponse response;
    EXPECT_OK(Score(service, request, &response));
  });
  const absl::Time give_up = absl::Now() + kPatience;
  while (service.Metric("cohort_coderunner_queue_depth_programs") != 1 && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(2));
  v1::ScoreRequest request;
  Add(request, kDouble, "print(1)");
  v1::ScoreResponse response;
  const absl::Status refused = Score(service, request, &response);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(RetryDelay(refused, absl::ZeroDuration()), absl::ZeroDuration());
  busy.join();
  EXPECT_OK(Score(service, request, &response));
}

TEST(CoderunnerServiceTest, StopsInTheMiddleOfAProgramAndLeavesNothingBehind) {
  Coderunner service({"--slots", "1"});
  std::thread caller([&] {
    v1::ScoreRequest request;
    Add(request, R"({"limits": {"wall_ms": 60000}, "tests": [{"stdin": "", "stdout": "1"}]})", "import time\ntime.sleep(60)");
    v1::ScoreResponse response;
    EXPECT_FALSE(Score(service, request, &response).ok());
  });
  const std::vector<pid_t> zygotes = ChildrenOf(service.process().pid());
  ASSERT_EQ(zygotes.size(), 1u);
  const absl::Time give_up = absl::Now() + kPatience;
  while (service.Workers().empty() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(2));
  service.process().Signal(SIGTERM);
  EXPECT_THAT(service.process().Wait(absl::Now() + kPatience), cohort::testing::IsOkAndHolds(0));
  caller.join();
  EXPECT_NE(kill(zygotes[0], 0), 0);
  EXPECT_FALSE(service.LeftFiles());
}

TEST(CoderunnerServiceTest, WithoutItsZygoteItEndsSoThatItIsStartedAgain) {
  Coderunner service;
  const std::vector<pid_t> zygotes = ChildrenOf(service.process().pid());
  ASSERT_EQ(zygotes.size(), 1u);
  kill(zygotes[0], SIGKILL);
  EXPECT_THAT(service.process().Wait(absl::Now() + kPatience), cohort::testing::IsOkAndHolds(1));
  EXPECT_THAT(service.Log(), HasSubstr("the zygote has ended"));
}

// Runs `cohort grade --policy code` with `flags` on a right and a wrong program.
void GradeTwoPrograms(const std::string& flags) {
  const testing::TempDir directory;
  std::ofstream rows(directory / "rows.jsonl");
  for (const char* answer : {"print(2 * int(input()))", "print(1)"}) {
    rows << nlohmann::json{{"id", answer}, {"gold", kDouble}, {"answer", answer}}.dump() << "\n";
  }
  rows.close();
  const std::string command = absl::StrCat(Binary("cohort"), " grade --policy code ", flags, " < ", directory / "rows.jsonl", " > ", directory / "out.jsonl");
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  ASSERT_OK_AND_ASSIGN(const std::string out, io::ReadFile(directory / "out.jsonl"));
  const size_t end = out.find('\n');
  EXPECT_THAT(out.substr(0, end), HasSubstr("\"correct\"")) << out;
  EXPECT_THAT(out.substr(end), HasSubstr("\"incorrect\"")) << out;
}

TEST(CoderunnerServiceTest, CohortGradeReachesIt) {
  Coderunner service;
  GradeTwoPrograms(absl::StrCat("--endpoint ", service.address()));
}

TEST(CoderunnerServiceTest, CohortGradeStartsOneOfItsOwn) { GradeTwoPrograms("--allow-weak-isolation"); }

TEST(CoderunnerServiceTest, WrongFlagsAreUsageErrors) {
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{{"--walls", "none"}, {"--slots", "-1"}, {"--python", "/no/such"}, {"--redis", "x:1"}}) {
    process::ChildProcess::Options options;
    options.command = {Binary("cohort-coderunner")};
    options.command.insert(options.command.end(), flags.begin(), flags.end());
    options.log_file = "/dev/null";
    ASSERT_OK_AND_ASSIGN(const auto process, process::ChildProcess::Start(options));
    EXPECT_THAT(process->Wait(absl::Now() + kPatience), cohort::testing::IsOkAndHolds(2)) << flags[0];
  }
}

}  // namespace
}  // namespace cohort::reward
