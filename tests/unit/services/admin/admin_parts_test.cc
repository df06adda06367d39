// The parts of the admin service that compute: status, bottleneck, filters, page tokens, redaction, operations, diagnosis; and YAML of the CLI.

#include "absl/strings/str_cat.h"
#include "common/redis/connection.h"
#include "common/redis/endpoint.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/admin/acts/operation_progress.h"
#include "services/admin/acts/request_log.h"
#include "services/admin/cluster/errors.h"
#include "services/admin/cluster/listing.h"
#include "services/admin/cluster/redact.h"
#include "services/admin/cluster/status.h"
#include "services/admin/diagnosis/diagnosis.h"
#include "services/cli/admin/output.h"

namespace cohort::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::HasReason;
using testing::IsOkAndHolds;

registry::v1::ServiceRecord Record(const std::string& name, registry::v1::ServiceRole role,
                                   registry::v1::ServiceState state = registry::v1::SERVICE_STATE_READY) {
  registry::v1::ServiceRecord record;
  record.set_name(name);
  record.set_role(role);
  record.set_state(state);
  record.set_host("gpu-7");
  record.set_version("0.1.0");
  return record;
}

// A run that trains with one ready worker; the learner's last 10 seconds went as told.
ClusterFacts Training(const std::map<std::string, double>& seconds) {
  ClusterFacts facts;
  facts.run_id = "run";
  facts.services = {Record("w", registry::v1::SERVICE_ROLE_ROLLOUT), Record("r", registry::v1::SERVICE_ROLE_REWARD)};
  facts.run.emplace().set_phase(learner::v1::RUN_PHASE_TRAINING);
  facts.control.emplace();
  for (const auto& [activity, spent] : seconds) {
    auto& one = *facts.control->add_recent_time_budget();
    one.set_activity(activity);
    one.set_seconds(spent);
  }
  for (int step = 0; step < 3; ++step) {
    auto& record = facts.steps.emplace_back();
    record.set_step(step);
    record.set_elapsed_seconds(10 + 2 * step);
    record.set_step_seconds(2);
    record.set_samples(32);
    record.set_tokens(1000);
    record.set_generate_seconds(3);
    record.set_reward_seconds(1);
  }
  return facts;
}

TEST(StatusTest, TheTimeBudgetSumsToTheWallTimeAndRatesAreOfTheLatestSteps) {
  const v1::ClusterStatus status = BuildStatus(Training({{"waiting_for_groups", 2}, {"updating", 7}, {"publishing", 1}}));
  EXPECT_DOUBLE_EQ(status.learner_time().wall_seconds(), 10);
  double seconds = 0, shares = 0;
  for (const v1::TimeShare& share : status.learner_time().shares()) {
    seconds += share.seconds();
    shares += share.share();
  }
  EXPECT_DOUBLE_EQ(seconds, 10);
  EXPECT_DOUBLE_EQ(shares, 1);
  EXPECT_EQ(status.learner_time().shares(0).activity(), "updating");
  EXPECT_DOUBLE_EQ(status.steps_per_second(), 0.5);
  EXPECT_DOUBLE_EQ(status.samples_per_second(), 16);
  EXPECT_DOUBLE_EQ(status.tokens_per_second(), 500);
}

TEST(StatusTest, TheBottleneckIsWhomTheOthersWaitFor) {
  EXPECT_EQ(BuildStatus(Training({{"waiting_for_groups", 2}, {"updating", 8}})).bottleneck(), v1::BOTTLENECK_LEARNER);
  ClusterFacts missing = Training({{"waiting_for_groups", 2}, {"waiting_for_followers", 8}});
  missing.steps.clear();  // Not even the first has ended.
  EXPECT_EQ(BuildStatus(missing).bottleneck(), v1::BOTTLENECK_LEARNER);
  EXPECT_THAT(BuildStatus(missing).bottleneck_text(), HasSubstr("waits for followers 80 %"));
  ClusterFacts waits = Training({{"waiting_for_groups", 8}, {"updating", 2}});
  EXPECT_EQ(BuildStatus(waits).bottleneck(), v1::BOTTLENECK_ROLLOUT);
  EXPECT_THAT(BuildStatus(waits).bottleneck_text(), HasSubstr("80 %"));
  for (auto& step : waits.steps) step.set_reward_seconds(9);
  EXPECT_EQ(BuildStatus(waits).bottleneck(), v1::BOTTLENECK_REWARD);
  waits.services[0].set_state(registry::v1::SERVICE_STATE_DRAINED);
  EXPECT_EQ(BuildStatus(waits).bottleneck(), v1::BOTTLENECK_NO_WORKERS);
  waits.control->set_paused(true);
  EXPECT_EQ(BuildStatus(waits).bottleneck(), v1::BOTTLENECK_PAUSED);
}

TEST(StatusTest, WithoutALearnerTheRestIsStillTold) {
  ClusterFacts facts;
  facts.services = {Record("w", registry::v1::SERVICE_ROLE_ROLLOUT)};
  facts.learner_error = "it has gone";
  const v1::ClusterStatus status = BuildStatus(facts);
  EXPECT_EQ(status.phase(), learner::v1::RUN_PHASE_UNSPECIFIED);
  EXPECT_EQ(status.message(), "it has gone");
  EXPECT_EQ(status.bottleneck(), v1::BOTTLENECK_UNSPECIFIED);
}

TEST(StatusTest, AWorkerIsBehindByWhatItKnewOf) {
  auto record = Record("w", registry::v1::SERVICE_ROLE_ROLLOUT);
  record.mutable_load()->set_policy_version(5);
  record.mutable_load()->set_announced_version(7);
  EXPECT_EQ(DescribeWorker(record).staleness(), 2);
  record.mutable_load()->set_policy_version(-1);
  EXPECT_EQ(DescribeWorker(record).staleness(), -1);
}

TEST(FilterTest, TermsAreJoined) {
  const auto record = Record("rollout-3", registry::v1::SERVICE_ROLE_ROLLOUT);
  for (const char* text : {"", "state=READY", "state=READY AND host:gpu", "name!=rollout-4", "name:out AND version=0.1.0"}) {
    ASSERT_OK_AND_ASSIGN(const ServiceFilter filter, ServiceFilter::Parse(text));
    EXPECT_TRUE(filter.Matches(record)) << text;
  }
  for (const char* text : {"state=DRAINED", "host:cpu", "name=rollout", "state!=READY"}) {
    ASSERT_OK_AND_ASSIGN(const ServiceFilter filter, ServiceFilter::Parse(text));
    EXPECT_FALSE(filter.Matches(record)) << text;
  }
}

TEST(FilterTest, ABadFilterIsQuoted) {
  for (const char* text : {"READY", "state=", "color=red", "=READY", "state!READY", "state=AWAKE", "state=READY AND "}) {
    EXPECT_THAT(ServiceFilter::Parse(text), HasReason("BAD_FILTER")) << text;
  }
  EXPECT_THAT(std::string(ServiceFilter::Parse("color=red").status().message()), HasSubstr("'color=red'"));
}

TEST(PageTokenTest, ATokenBelongsToItsQuestion) {
  const std::string token = MakePageToken("workers:state=READY", "rollout-9");
  EXPECT_THAT(ReadPageToken("workers:state=READY", token), IsOkAndHolds("rollout-9"));
  EXPECT_THAT(ReadPageToken("workers:", token), HasReason("BAD_PAGE_TOKEN"));
  EXPECT_THAT(ReadPageToken("workers:", "no token"), HasReason("BAD_PAGE_TOKEN"));
  EXPECT_THAT(ReadPageToken("workers:", ""), IsOkAndHolds(""));
  EXPECT_THAT(PageSize(0), IsOkAndHolds(100));
  EXPECT_THAT(PageSize(5000), IsOkAndHolds(1000));
  EXPECT_THAT(PageSize(-1), testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RedactTest, SecretsGoAndTheRestStays) {
  const std::string yaml = "queue:\n  redis_address: user:hunter2@redis:6379\n  max_attempts: 5\nlog:\n  api_key: abc\n  url: \"redis://u:hunter2@h:1/0\"\nrollout:\n  max_new_tokens: 48\n";
  const std::string redacted = Redact(yaml);
  EXPECT_THAT(redacted, Not(HasSubstr("hunter2")));
  EXPECT_THAT(redacted, Not(HasSubstr("abc")));
  EXPECT_THAT(redacted, HasSubstr("redis_address: ***@redis:6379"));
  EXPECT_THAT(redacted, HasSubstr("redis://***@h:1/0"));
  EXPECT_THAT(redacted, HasSubstr("max_new_tokens: 48"));
  EXPECT_EQ(Redact("queue:\n  redis_address: \"\"\n  other: 127.0.0.1:1\n"), "queue:\n  redis_address: \"\"\n  other: 127.0.0.1:1\n");
}

TEST(RequestIdTest, IdsArePlain) {
  EXPECT_OK(CheckRequestId(""));
  EXPECT_OK(CheckRequestId("scale-4.2025_11"));
  EXPECT_FALSE(CheckRequestId("a b").ok());
  EXPECT_FALSE(CheckRequestId(std::string(65, 'a')).ok());
}

v1::Operation Running(v1::OperationKind kind, int64_t target) {
  v1::Operation operation;
  operation.set_kind(kind);
  operation.set_state(v1::OPERATION_STATE_RUNNING);
  operation.set_target(target);
  operation.set_incarnation(1);
  return operation;
}

TEST(OperationTest, ScalingIsDoneWhenJustSoManyAreReady) {
  v1::Operation operation = Running(v1::OPERATION_KIND_SCALE_WORKERS, 2);
  OperationFacts facts;
  facts.desired_workers = 2;
  facts.services = {Record("a", registry::v1::SERVICE_ROLE_ROLLOUT), Record("b", registry::v1::SERVICE_ROLE_ROLLOUT, registry::v1::SERVICE_STATE_STARTING),
                    Record("r", registry::v1::SERVICE_ROLE_REWARD)};
  Advance(operation, facts);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_RUNNING);
  EXPECT_DOUBLE_EQ(operation.progress(), 0.5);
  facts.services[1].set_state(registry::v1::SERVICE_STATE_READY);
  facts.services[1].set_heartbeat_age_ms(4000);
  Advance(operation, facts);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_RUNNING) << "a worker that was killed is taken for ready";
  facts.services[1].set_heartbeat_age_ms(900);
  Advance(operation, facts);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_SUCCEEDED);
  v1::Operation superseded = Running(v1::OPERATION_KIND_SCALE_WORKERS, 5);
  Advance(superseded, facts);
  EXPECT_EQ(superseded.state(), v1::OPERATION_STATE_CANCELLED);
}

TEST(OperationTest, ScalingGoesOnWhileNobodyCanSayHowManyAreWanted) {
  v1::Operation operation = Running(v1::OPERATION_KIND_SCALE_WORKERS, 0);
  Advance(operation, OperationFacts());
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_RUNNING);
}

TEST(OperationTest, ADrainEndsWhenTheWorkerHoldsNothingOrHasLeft) {
  OperationFacts facts;
  facts.services = {Record("w", registry::v1::SERVICE_ROLE_ROLLOUT, registry::v1::SERVICE_STATE_DRAINING)};
  v1::Operation stay = Running(v1::OPERATION_KIND_DRAIN_WORKER, 0), exit = Running(v1::OPERATION_KIND_DRAIN_WORKER, 1);
  for (v1::Operation* operation : {&stay, &exit}) {
    operation->set_subject("w");
    Advance(*operation, facts);
    EXPECT_EQ(operation->state(), v1::OPERATION_STATE_RUNNING);
  }
  facts.services[0].set_state(registry::v1::SERVICE_STATE_DRAINED);
  Advance(stay, facts);
  Advance(exit, facts);
  EXPECT_EQ(stay.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(exit.state(), v1::OPERATION_STATE_RUNNING);
  facts.services.clear();
  Advance(exit, facts);
  EXPECT_EQ(exit.state(), v1::OPERATION_STATE_SUCCEEDED);
}

TEST(OperationTest, ACheckpointThatCannotBeWrittenOrWasForgottenFails) {
  OperationFacts facts;
  facts.control.emplace().set_incarnation(1);
  v1::Operation operation = Running(v1::OPERATION_KIND_CREATE_CHECKPOINT, 7);
  Advance(operation, facts);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_RUNNING);
  v1::Operation full = operation, forgotten = operation, written = operation;
  facts.control->set_checkpoint_tried(7);
  facts.control->set_checkpoint_error("no space left");
  Advance(full, facts);
  EXPECT_EQ(full.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(full.message(), "no space left");
  facts.control->set_incarnation(2);
  Advance(forgotten, facts);
  EXPECT_EQ(forgotten.state(), v1::OPERATION_STATE_FAILED);
  facts.checkpoints.emplace_back().set_step(8);
  Advance(written, facts);
  EXPECT_EQ(written.state(), v1::OPERATION_STATE_SUCCEEDED);
}

TEST(OperationTest, AnOperationThatMissesItsDeadlineFails) {
  OperationFacts facts;
  facts.services = {Record("w", registry::v1::SERVICE_ROLE_ROLLOUT, registry::v1::SERVICE_STATE_DRAINING)};
  facts.now_ms = 1000;
  v1::Operation operation = Running(v1::OPERATION_KIND_DRAIN_WORKER, 1);
  operation.set_subject("w");
  operation.set_deadline_ms(999);
  Advance(operation, facts);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_THAT(operation.message(), HasSubstr("not done in time"));
}

v1::Severity SeverityOf(const std::vector<v1::Finding>& findings, const std::string& check) {
  for (const v1::Finding& finding : findings) {
    if (finding.check() == check) return finding.severity();
  }
  return v1::SEVERITY_UNSPECIFIED;
}

ServerFacts SoundServer() { return {.address = "redis:1", .version = "7.0", .eviction_policy = "noeviction", .append_only = true, .loopback = true}; }

TEST(DiagnosisTest, ASoundRunHasNoFindingThatIsWrong) {
  ClusterFacts facts = Training({{"updating", 1}});
  facts.run->set_checkpoint("step-000002");
  facts.queue.emplace();
  facts.services[0].mutable_load()->set_policy_version(3);
  for (const v1::Finding& finding : Examine(SoundServer(), facts)) EXPECT_EQ(finding.severity(), v1::SEVERITY_OK) << finding.ShortDebugString();
}

TEST(DiagnosisTest, EachTroubleIsNamedWithARemedy) {
  ServerFacts evicting = SoundServer();
  evicting.eviction_policy = "allkeys-lru";
  ClusterFacts facts = Training({{"updating", 1}});
  facts.now_ms = 100'000;
  facts.services[0].set_started_at_ms(10'000);
  facts.services[0].set_clock_skew_ms(-5'000);
  facts.services[0].mutable_load()->set_policy_version(-1);
  facts.services.pop_back();  // The reward service.
  facts.queue.emplace();
  facts.queue->set_backlog(10);
  facts.queue->set_oldest_age_seconds(60);
  facts.queue->set_dead_letters(2);
  facts.control->set_checkpoint_error("no space left on device");
  const std::vector<v1::Finding> findings = Examine(evicting, facts);
  for (const char* check : {"redis", "checkpoints", "reward", "workers", "queue"}) EXPECT_EQ(SeverityOf(findings, check), v1::SEVERITY_ERROR) << check;
  for (const char* check : {"dead_letters", "clocks"}) EXPECT_EQ(SeverityOf(findings, check), v1::SEVERITY_WARNING) << check;
  for (const v1::Finding& finding : findings) {
    EXPECT_EQ(finding.severity() == v1::SEVERITY_OK, finding.remedy().empty()) << finding.check();
  }
}

TEST(DiagnosisTest, WithoutRedisThatIsTheFinding) {
  const absl::Status gone = absl::UnavailableError("redis:1 does not answer");
  const std::vector<v1::Finding> findings = Examine(gone, gone);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity(), v1::SEVERITY_ERROR);
  EXPECT_THAT(findings[0].observation(), HasSubstr("redis:1"));
}

TEST(DiagnosisTest, ARedisThatRefusesOrTrustsEverybodyIsAFinding) {
  const absl::Status refused = OfRedis(ErrorWithReason(absl::StatusCode::kNotFound, redis::kRefused, "redis at redis:1: there is no file with the password"));
  EXPECT_THAT(refused, ::cohort::testing::HasReason("REDIS_REFUSED"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Examine(refused, refused)[0].remedy(), HasSubstr("setting of cohort-admin"));

  const absl::Status gone = absl::UnavailableError("gone");
  ServerFacts server = SoundServer();
  server.loopback = false;
  EXPECT_EQ(Examine(server, gone)[0].severity(), v1::SEVERITY_WARNING);
  EXPECT_THAT(Examine(server, gone)[0].observation(), HasSubstr("asks for no password"));
  server.password = true;
  EXPECT_EQ(Examine(server, gone)[0].severity(), v1::SEVERITY_OK);
  EXPECT_THAT(Examine(server, gone)[0].observation(), HasSubstr("not encrypted"));
  server.tls = true;
  EXPECT_THAT(Examine(server, gone)[0].observation(), HasSubstr("password, encrypted"));
  server.loopback = true, server.tls = false;
  EXPECT_THAT(Examine(server, gone)[0].observation(), ::testing::Not(HasSubstr("encrypted")));
}

TEST(DiagnosisTest, LoopbackIsKnownByEveryNameOfIt) {
  for (const char* address : {"127.0.0.1:6379", "localhost:6379", "rediss://[::1]:6379", "redis://127.1.2.3:1"}) {
    const auto endpoint = redis::ParseAddress(address);
    ASSERT_OK(endpoint);
    EXPECT_TRUE(IsOnLoopback(*endpoint)) << address;
  }
  for (const char* address : {"[::]:6379", "[::2]:6379", "10.0.0.1:6379", "localhost.example:6379"}) {
    const auto endpoint = redis::ParseAddress(address);
    ASSERT_OK(endpoint);
    EXPECT_FALSE(IsOnLoopback(*endpoint)) << address;
  }
}

TEST(YamlTest, JsonBecomesYaml) {
  EXPECT_EQ(cli::JsonToYaml(R"({"a":1,"b":["x: y",{"c":true,"d":[]}],"e":{},"f":{"g":null}})"),
            "\"a\": 1\n\"b\":\n  - \"x: y\"\n  - \"c\": true\n    \"d\": []\n\"e\": {}\n\"f\":\n  \"g\": null\n");
}

}  // namespace
}  // namespace cohort::admin
