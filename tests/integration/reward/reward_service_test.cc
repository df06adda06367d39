// The reward service as a process, through gRPC.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "tests/integration/reward/reward_process.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

v1::ScoreItem* AddBare(v1::ScoreRequest& request, const std::string& gold, const std::string& answer) {
  v1::ScoreItem* item = request.add_items();
  item->set_id("item-" + std::to_string(request.items_size()));
  item->set_gold_answer(gold);
  item->set_completion(answer);
  item->set_template_(v1::TEMPLATE_BARE_ANSWER);
  return item;
}

absl::Status Score(RewardProcess& service, const v1::ScoreRequest& request, v1::ScoreResponse* response) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  return rpc::FromGrpc(service.stub().Score(&context, request, response));
}

v1::Verdict ScoreOne(RewardProcess& service, const std::string& gold, const std::string& answer) {
  v1::ScoreRequest request;
  AddBare(request, gold, answer);
  v1::ScoreResponse response;
  EXPECT_OK(Score(service, request, &response));
  return response.results_size() == 1 ? response.results(0).verdict() : v1::VERDICT_UNSPECIFIED;
}

TEST(RewardServiceTest, GradesEveryTemplateAndPointsAtTheAnswer) {
  RewardProcess service;
  v1::ScoreRequest request;
  AddBare(request, "1/2", "50%");
  v1::ScoreItem* zero = AddBare(request, "4", "<think>x</think><answer> 4 </answer><eos>");
  zero->set_template_(v1::TEMPLATE_R1_ZERO);
  zero->set_finish_reason(common::v1::FINISH_REASON_STOP);
  zero->add_eos_strings("<eos>");
  v1::ScoreItem* cut = AddBare(request, "4", "<think>x</think><answer>4</answer>");
  cut->set_template_(v1::TEMPLATE_R1_ZERO);
  cut->set_finish_reason(common::v1::FINISH_REASON_LENGTH);
  v1::ScoreItem* boxed = AddBare(request, "5", "\\boxed{4}");
  boxed->set_template_(v1::TEMPLATE_BOXED_ONLY);
  boxed->set_finish_reason(common::v1::FINISH_REASON_STOP);
  v1::ScoreResponse response;
  ASSERT_OK(Score(service, request, &response));
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).verdict(), v1::VERDICT_CORRECT);
  EXPECT_EQ(response.results(0).method(), v1::METHOD_EXACT);
  EXPECT_EQ(response.results(1).id(), "item-2");
  EXPECT_EQ(response.results(1).verdict(), v1::VERDICT_CORRECT);
  EXPECT_EQ(response.results(1).answer_begin(), 25u);
  EXPECT_EQ(response.results(1).answer_end(), 26u);
  EXPECT_EQ(response.results(2).verdict(), v1::VERDICT_FORMAT);
  EXPECT_EQ(response.results(2).format_reason(), v1::FORMAT_REASON_TRUNCATED);
  EXPECT_EQ(response.results(3).verdict(), v1::VERDICT_INCORRECT);
}

TEST(RewardServiceTest, CompileGoldNamesTheBadAnswers) {
  RewardProcess service;
  v1::CompileGoldRequest request;
  for (const char* gold : {"1/2", "\\frac{1}{", "1,000", ""}) request.add_gold_answers(gold);
  v1::CompileGoldResponse response;
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  ASSERT_OK(rpc::FromGrpc(service.stub().CompileGold(&context, request, &response)));
  ASSERT_EQ(response.errors_size(), 2);
  EXPECT_EQ(response.errors(0).index(), 1);
  EXPECT_NE(response.errors(0).message(), "");
  EXPECT_EQ(response.errors(1).index(), 3);
  EXPECT_EQ(service.Metric("cohort_reward_gold_failures_total"), 2);
}

TEST(RewardServiceTest, CompileGoldRefusesAPolicyThatItDoesNotKnow) {
  RewardProcess service;
  v1::CompileGoldRequest request;
  request.add_gold_answers("1");
  request.set_policy_id("rel_tol=7");
  v1::CompileGoldResponse response;
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  EXPECT_THAT(rpc::FromGrpc(service.stub().CompileGold(&context, request, &response)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rel_tol=7")));
}

TEST(RewardServiceTest, ExplainsOneCheckAndParsesAnswersByThemselves) {
  RewardProcess service;
  v1::ExplainRequest explain;
  explain.mutable_item()->set_gold_answer("1/2");
  explain.mutable_item()->set_completion("0.5");
  explain.mutable_item()->set_policy_id("bare:exact");
  v1::ExplainResponse explained;
  grpc::ClientContext first;
  rpc::SetDeadline(first, absl::Now() + kPatience);
  ASSERT_OK(rpc::FromGrpc(service.stub().Explain(&first, explain, &explained)));
  EXPECT_EQ(explained.result().verdict(), v1::VERDICT_CORRECT);
  EXPECT_EQ(explained.result().policy_id(), "bare:exact");
  EXPECT_NE(explained.result().explanation().gold_canonical(), "");
  EXPECT_EQ(explained.result().explanation().gold_canonical(), explained.result().explanation().answer_canonical());

  v1::ParseRequest parse;
  for (const char* answer : {"\\frac{2}{4}", "((", "\xFF"}) parse.add_answers(answer);
  v1::ParseResponse parsed;
  grpc::ClientContext second;
  rpc::SetDeadline(second, absl::Now() + kPatience);
  ASSERT_OK(rpc::FromGrpc(service.stub().Parse(&second, parse, &parsed)));
  ASSERT_EQ(parsed.answers_size(), 3);
  EXPECT_EQ(parsed.answers(0).canonical(), explained.result().explanation().gold_canonical());
  for (int i = 1; i < 3; ++i) EXPECT_TRUE(!parsed.answers(i).ok() && !parsed.answers(i).error().empty()) << i;
}

TEST(RewardServiceTest, MeasuresAuxiliaryRewardsWhereTheyAreAskedFor) {
  RewardProcess service;
  v1::ScoreRequest request;
  for (int i = 0; i < 2; ++i) {
    v1::ScoreItem* item = AddBare(request, "4", "<think>two plus 二</think><answer>4</answer>");
    item->set_template_(v1::TEMPLATE_R1_ZERO);
    item->set_finish_reason(common::v1::FINISH_REASON_STOP);
  }
  request.mutable_items(0)->mutable_auxiliary()->set_language(v1::LANGUAGE_ENGLISH);
  request.mutable_items(0)->mutable_auxiliary()->set_tag_count(true);
  v1::ScoreResponse response;
  ASSERT_OK(Score(service, request, &response));
  EXPECT_DOUBLE_EQ(response.results(0).auxiliary().language_consistency(), 2.0 / 3);
  EXPECT_EQ(response.results(0).auxiliary().tag_count(), 1);
  EXPECT_FALSE(response.results(0).auxiliary().has_repetition());
  EXPECT_FALSE(response.results(1).has_auxiliary());
  EXPECT_EQ(service.Metric("cohort_reward_policy_verdicts_total{policy=\"r1_zero:exact\",verdict=\"correct\"}"), 2);
}

// As in a restricted pod: no user of the system, no capability, no way to get one.
TEST(RewardServiceTest, ItsSandboxHoldsForAnUnprivilegedUser) {
  if (getuid() != 0) GTEST_SKIP() << "only root can become the unprivileged user";
  const testing::TempDir directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  std::filesystem::copy_file(Binary("cohort-reward"), directory / "cohort-reward");  // The build may lie where that user cannot look.
  process::ChildProcess::Options options;
  options.command = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--",
                     directory / "cohort-reward", "--endpoint-file", directory / "endpoint.json"};
  options.log_file = directory / "log";
  ASSERT_OK_AND_ASSIGN(const auto process, process::ChildProcess::Start(options));
  const absl::Time give_up = absl::Now() + kPatience;
  const auto read_log = [&] { return io::ReadFile(directory / "log").value_or("(no log)"); };
  while (read_log().find("serving on") == std::string::npos && process->running() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
  const std::string log = read_log();
  EXPECT_TRUE(process->running()) << log;
  EXPECT_THAT(log, HasSubstr("self-test: to open a socket was stopped"));
  EXPECT_THAT(log, HasSubstr("serving on"));
}

TEST(RewardServiceTest, AMalformedRequestIsRefusedAndSaysWhere) {
  RewardProcess service;
  v1::ScoreRequest request;
  AddBare(request, "1", "1");
  AddBare(request, "1", "1")->clear_template_();
  v1::ScoreResponse response;
  EXPECT_THAT(Score(service, request, &response), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("items[1]")));
  request.Clear();
  for (int i = 0; i < 4'097; ++i) AddBare(request, "1", "1");
  EXPECT_THAT(Score(service, request, &response), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4096")));
  request.Clear();
  AddBare(request, "1", std::string((4 << 20) + 1, 'x'));
  EXPECT_THAT(Score(service, request, &response), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("completion")));
  request.Clear();
  EXPECT_OK(Score(service, request, &response));
}

TEST(RewardServiceTest, IsReadyWithHealthAndMetricsOnlyAfterItsSelfTest) {
  RewardProcess service;
  EXPECT_OK(rpc::WaitUntilReady(service.channel(), "reward", "readiness", absl::Now() + kPatience));
  EXPECT_EQ(ScoreOne(service, "1", "1"), v1::VERDICT_CORRECT);
  EXPECT_EQ(service.Metric("cohort_reward_checks_total{verdict=\"correct\"}"), 1);
  EXPECT_THAT(service.Log(), HasSubstr("self-test: to open a socket was stopped"));
  EXPECT_THAT(service.Log(), HasSubstr("self-test: to spin for ever was stopped"));
}

TEST(RewardServiceTest, CountsVerdictsByTheDataSetOfThePrompt) {
  RewardProcess service;
  v1::ScoreRequest request;
  AddBare(request, "1", "1")->set_source("olympiads");
  AddBare(request, "1", "2")->set_source("olympiads");
  AddBare(request, "1", "1");
  grpc::ClientContext context;
  v1::ScoreResponse response;
  ASSERT_TRUE(v1::RewardService::NewStub(service.channel())->Score(&context, request, &response).ok());
  EXPECT_EQ(service.Metric("cohort_reward_source_verdicts_total{source=\"olympiads\",verdict=\"correct\"}"), 1);
  EXPECT_EQ(service.Metric("cohort_reward_source_verdicts_total{source=\"olympiads\",verdict=\"incorrect\"}"), 1);
  EXPECT_EQ(service.Metric("cohort_reward_source_verdicts_total{source=\"unnamed\",verdict=\"correct\"}"), 1);
}

TEST(RewardServiceTest, ACheckThatHangsIsTimedOutWhileOthersAreGraded) {
  RewardProcess service({"--sandbox-workers", "2", "--check-deadline-ms", "50"}, {{"COHORT_FAULTS", "other:x=1,reward:spin_on=MAGIC"}});
  v1::ScoreRequest request;
  for (int i = 0; i < 100; ++i) AddBare(request, "7", i == 50 ? "MAGIC" : "7");
  v1::ScoreResponse response;
  ASSERT_OK(Score(service, request, &response));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(response.results(i).verdict(), i == 50 ? v1::VERDICT_TIMEOUT : v1::VERDICT_CORRECT) << i;
  EXPECT_EQ(service.Metric("cohort_reward_hard_kills_total"), 1);
  EXPECT_EQ(ScoreOne(service, "7", "MAGIC"), v1::VERDICT_TIMEOUT);
  EXPECT_EQ(service.Metric("cohort_reward_hard_kills_total"), 1) << "the poisoned check was run again";
}

TEST(RewardServiceTest, AFullQueueIsRefusedWithARetryDelayAndServedOnRepetition) {
  RewardProcess service({"--sandbox-workers", "1", "--check-deadline-ms", "200", "--queue-capacity", "2"}, {{"COHORT_FAULTS", "reward:spin_on=MAGIC"}});
  std::thread busy([&] { EXPECT_EQ(ScoreOne(service, "1", "MAGIC"), v1::VERDICT_TIMEOUT); });
  while (service.Metric("cohort_reward_queue_seconds_count") == 0) absl::SleepFor(absl::Milliseconds(2));
  std::thread waiting([&] {
    v1::ScoreRequest request;
    AddBare(request, "1", "1");
    AddBare(request, "1", "2");
    v1::ScoreResponse response;
    EXPECT_OK(Score(service, request, &response));
  });
  while (service.Metric("cohort_reward_cache_misses_total") < 3) absl::SleepFor(absl::Milliseconds(2));
  v1::ScoreRequest request;
  AddBare(request, "1", "3");
  v1::ScoreResponse response;
  const absl::Status refused = Score(service, request, &response);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(RetryDelay(refused, absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_OK(rpc::CallWithRetry("reward", absl::Now() + kPatience, {},
                               [&](grpc::ClientContext& context) { return service.stub().Score(&context, request, &response); }));
  busy.join();
  waiting.join();
}

TEST(RewardServiceTest, AStreamAnswersEveryBatchByItsIds) {
  RewardProcess service({"--queue-capacity", "16"});
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  const auto stream = service.stub().ScoreStream(&context);
  constexpr int kBatches = 100, kItems = 64;
  std::thread writer([&] {
    for (int b = 0; b < kBatches; ++b) {
      v1::ScoreStreamRequest request;
      for (int i = 0; i < kItems; ++i) {
        v1::ScoreItem& item = *request.add_items();
        item.set_id(std::to_string(b * kItems + i));
        item.set_gold_answer(std::to_string(b));
        item.set_completion(std::to_string(i));
        item.set_template_(v1::TEMPLATE_BARE_ANSWER);
      }
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::ScoreStreamResponse response;
  std::vector<bool> seen(kBatches * kItems);
  int batches = 0;
  for (; stream->Read(&response); ++batches) {
    for (const v1::ScoreResult& result : response.results()) {
      const int number = std::stoi(result.id());
      seen[number] = true;
      EXPECT_EQ(result.verdict() == v1::VERDICT_CORRECT, number / kItems == number % kItems) << number;
    }
  }
  writer.join();
  EXPECT_OK(rpc::FromGrpc(stream->Finish()));
  EXPECT_EQ(batches, kBatches);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kBatches * kItems);
}

TEST(RewardServiceTest, AStreamWithAMalformedItemEndsWithItsError) {
  RewardProcess service;
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPatience);
  const auto stream = service.stub().ScoreStream(&context);
  v1::ScoreStreamRequest request;
  request.add_items()->set_id("bad");
  stream->Write(request);
  v1::ScoreStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(rpc::FromGrpc(stream->Finish()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bad")));
  EXPECT_EQ(ScoreOne(service, "1", "1"), v1::VERDICT_CORRECT);
}

TEST(RewardServiceTest, CallersThatGoAwayDoNoHarm) {
  RewardProcess service({"--check-deadline-ms", "100", "--sandbox-workers", "1"}, {{"COHORT_FAULTS", "reward:spin_on=MAGIC"}});
  EXPECT_EQ(ScoreOne(service, "2", "2"), v1::VERDICT_CORRECT);  // The connection stands: what follows is about calls.
  for (int i = 0; i < 5; ++i) {
    grpc::ClientContext context;
    const auto stream = service.stub().ScoreStream(&context);
    v1::ScoreStreamRequest request;
    v1::ScoreItem& item = *request.add_items();
    item.set_gold_answer("1");
    item.set_completion("MAGIC " + std::to_string(i));
    item.set_template_(v1::TEMPLATE_BARE_ANSWER);
    stream->Write(request);
    if (i % 2 == 0) context.TryCancel();
  }
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Milliseconds(30));
  v1::ScoreRequest request;
  AddBare(request, "1", "MAGIC late");
  v1::ScoreResponse response;
  EXPECT_EQ(service.stub().Score(&context, request, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ScoreOne(service, "1", "1"), v1::VERDICT_CORRECT);
}

TEST(RewardServiceTest, WorkersKilledInTheMiddleOfABatchLoseNothing) {
  RewardProcess service({"--sandbox-workers", "2", "--cache-entries", "0"});
  for (int round = 0; round < 5; ++round) {
    v1::ScoreRequest request;
    for (int i = 0; i < 4'000; ++i) AddBare(request, "1/3", std::to_string(i + 1) + "/" + std::to_string(3 * (i + 1)));
    v1::ScoreResponse response;
    std::thread killer([&] {
      for (const pid_t worker : service.Workers()) kill(worker, SIGKILL);
    });
    EXPECT_OK(Score(service, request, &response));
    killer.join();
    ASSERT_EQ(response.results_size(), 4'000);
    for (const v1::ScoreResult& result : response.results()) ASSERT_EQ(result.verdict(), v1::VERDICT_CORRECT) << result.id();
  }
}

TEST(RewardServiceTest, StopsCleanlyOnSigtermAndLeavesNoProcessBehind) {
  RewardProcess service;
  EXPECT_EQ(ScoreOne(service, "1", "1"), v1::VERDICT_CORRECT);
  const std::vector<pid_t> zygotes = ChildrenOf(service.process().pid()), workers = service.Workers();
  ASSERT_EQ(zygotes.size(), 1u);
  ASSERT_FALSE(workers.empty());
  service.process().Signal(SIGTERM);
  EXPECT_THAT(service.process().Wait(absl::Now() + kPatience), cohort::testing::IsOkAndHolds(0));
  EXPECT_NE(kill(zygotes[0], 0), 0);
  for (const pid_t worker : workers) EXPECT_NE(kill(worker, 0), 0);
}

TEST(RewardServiceTest, ItsProcessesDieWithItWhenItIsKilled) {
  RewardProcess service;
  const std::vector<pid_t> workers = service.Workers();
  ASSERT_FALSE(workers.empty());
  service.process().Signal(SIGKILL);
  ASSERT_OK(service.process().Wait(absl::Now() + kPatience));
  const absl::Time give_up = absl::Now() + kPatience;
  for (const pid_t worker : workers) {
    // An orphan may stay as a zombie where no init reaps it; it must not run.
    const auto runs = [&] {
      std::ifstream stat("/proc/" + std::to_string(worker) + "/stat");
      std::string pid, name, state;
      return static_cast<bool>(stat >> pid >> name >> state) && state != "Z";
    };
    while (runs() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_FALSE(runs());
  }
}

TEST(RewardServiceTest, WithoutItsZygoteItEndsSoThatItIsStartedAgain) {
  RewardProcess service;
  for (const pid_t zygote : ChildrenOf(service.process().pid())) kill(zygote, SIGKILL);
  v1::ScoreRequest request;
  AddBare(request, "1", "1");
  v1::ScoreResponse response;
  [[maybe_unused]] const absl::Status ignored = Score(service, request, &response);
  EXPECT_THAT(service.process().Wait(absl::Now() + kPatience), cohort::testing::IsOkAndHolds(1));
}

TEST(RewardServiceTest, WrongFlagsAreUsageErrors) {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--check-deadline-ms", "0"}, {"--no-such-flag"}}) {
    std::vector<std::string> command = {Binary("cohort-reward")};
    command.insert(command.end(), flags.begin(), flags.end());
    process::ChildProcess::Options options;
    options.command = command;
    options.log_file = "/dev/null";
    ASSERT_OK_AND_ASSIGN(const auto process, process::ChildProcess::Start(options));
    EXPECT_THAT(process->Wait(absl::Now() + kPatience), cohort::testing::IsOkAndHolds(2));
  }
}

}  // namespace
}  // namespace cohort::reward
