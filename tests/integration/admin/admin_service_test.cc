// The admin API over gRPC on a real Redis; services are played by their records in the registry.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"
#include "services/admin/http/http_call.h"
#include "services/admin/observe/cluster_metrics.h"
#include "services/admin/server/admin_service.h"
#include "services/admin/web/web_server.h"

namespace cohort::admin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasReason;
using testing::StatusIs;
using Stub = v1::AdminService::Stub;

constexpr char kRun[] = "run";

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

// An admin service of its own: as a process would be, without the process.
class Admin {
 public:
  explicit Admin(const std::string& redis, const std::string& token_file = "")
      : cluster_(redis, kRun), queue_(redis, kRun), requests_(redis, kRun), operations_(redis, kRun), access_(*Access::Create(token_file)),
        service_({cluster_, queue_, requests_, operations_, *access_, redis}) {
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    options.services = {&service_};
    server_ = *rpc::Server::Start(options);
    stub_ = v1::AdminService::NewStub(rpc::Connect(server_->address()));
  }
  ~Admin() { service_.Stop(); }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request, Response* response,
                    const std::string& token = "") {
    grpc::ClientContext context;
    rpc::SetDeadline(context, Soon());
    context.AddMetadata("cohort-actor", "tester");
    if (!token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    return rpc::FromGrpc((stub_.get()->*method)(&context, request, response));
  }
  Stub& stub() { return *stub_; }

 private:
  Cluster cluster_;
  QueueRates queue_;
  RequestLog requests_;
  Operations operations_;
  std::unique_ptr<Access> access_;
  AdminServiceImpl service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> stub_;
};

class AdminServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = testing::RedisServer::Start();
    ASSERT_OK(server);
    redis_ = *std::move(server);
    registry_ = std::make_unique<registry::ServiceRegistry>(redis_->address(), kRun);
  }

  void Put(const std::string& name, registry::v1::ServiceRole role, registry::v1::ServiceState state = registry::v1::SERVICE_STATE_READY) {
    registry::v1::ServiceRecord record;
    record.set_name(name);
    record.set_role(role);
    record.set_state(state);
    record.set_instance(name);
    ASSERT_OK(registry_->Put(record, absl::Minutes(5), Soon()));
  }
  void PutWorkers(int count) {
    for (int i = 0; i < count; ++i) Put(absl::StrFormat("w-%03d", i), registry::v1::SERVICE_ROLE_ROLLOUT);
  }

  std::unique_ptr<queue::PromptQueue> Queue(const std::string& consumer) {
    return *queue::RedisPromptQueue::Open(redis_->address(), {.run_id = kRun, .consumer = consumer}, Soon());
  }
  // A queue in which `dead` tasks of the current incarnation were given up.
  void BuryTasks(queue::PromptQueue& queue, int dead) {
    const auto incarnation = queue.BeginIncarnation(Soon());
    ASSERT_OK(incarnation);
    std::vector<prompt::v1::PromptTask> tasks(dead);
    for (int i = 0; i < dead; ++i) {
      tasks[i].set_group_id(absl::StrCat("run/0/", i));
      tasks[i].set_incarnation(*incarnation);
      tasks[i].set_traceparent(rpc::TraceContext(0x4bf92f3577b34da6, 1 + i, 7).Traceparent());
    }
    ASSERT_OK(queue.Issue(tasks, Soon()));
    ASSERT_OK_AND_ASSIGN(const auto leases, queue.Take(dead, Soon()));
    for (const queue::Lease& lease : leases) ASSERT_OK(queue.Bury(lease, "cannot be done", Soon()));
  }

  std::vector<std::string> Audits() {
    std::vector<std::string> audits;
    const auto page = registry_->ReadEvents(0, 1000, Soon());
    EXPECT_OK(page);
    for (const auto& event : page->events) {
      if (event.kind() == registry::v1::EVENT_KIND_AUDIT) audits.push_back(absl::StrCat(event.actor(), " ", event.subject(), ": ", event.message()));
    }
    return audits;
  }

  std::unique_ptr<testing::RedisServer> redis_;
  std::unique_ptr<registry::ServiceRegistry> registry_;
};

TEST_F(AdminServiceTest, WorkersAreListedInPagesWithTheirTotal) {
  PutWorkers(7);
  Put("w-drained", registry::v1::SERVICE_ROLE_ROLLOUT, registry::v1::SERVICE_STATE_DRAINED);
  Put("reward", registry::v1::SERVICE_ROLE_REWARD);
  Admin admin(redis_->address());
  std::set<std::string> names;
  v1::ListWorkersRequest request;
  request.set_page_size(3);
  request.set_filter("state=READY");
  int pages = 0;
  do {
    v1::ListWorkersResponse response;
    ASSERT_OK(admin.Call(&Stub::ListWorkers, request, &response));
    for (const auto& worker : response.workers()) EXPECT_TRUE(names.insert(worker.name()).second);
    EXPECT_EQ(response.total_size(), 7);
    EXPECT_EQ(response.num_filtered(), 1);
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty() && pages < 10);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(names.size(), 7u);
}

TEST_F(AdminServiceTest, WhatCannotBeIsToldWithAReason) {
  PutWorkers(1);
  Admin admin(redis_->address());
  v1::ListWorkersRequest list;
  v1::ListWorkersResponse listed;
  list.set_page_token("nonsense");
  EXPECT_THAT(admin.Call(&Stub::ListWorkers, list, &listed), HasReason("BAD_PAGE_TOKEN"));
  list.set_page_token("");
  list.set_filter("state=AWAKE");
  EXPECT_THAT(admin.Call(&Stub::ListWorkers, list, &listed), HasReason("BAD_FILTER"));
  v1::GetWorkerRequest get;
  v1::GetWorkerResponse got;
  get.set_name("nobody");
  EXPECT_THAT(admin.Call(&Stub::GetWorker, get, &got), StatusIs(absl::StatusCode::kNotFound));
  v1::GetQueueResponse queue;
  EXPECT_THAT(admin.Call(&Stub::GetQueue, v1::GetQueueRequest(), &queue), HasReason("NO_QUEUE"));
  v1::PauseRunResponse paused;
  EXPECT_THAT(admin.Call(&Stub::PauseRun, v1::PauseRunRequest(), &paused), HasReason("NO_LEARNER"));
  v1::ScaleWorkersRequest scale;
  v1::ScaleWorkersResponse scaled;
  scale.set_replicas(257);
  EXPECT_THAT(admin.Call(&Stub::ScaleWorkers, scale, &scaled), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("257")));
  scale.set_replicas(2);
  EXPECT_THAT(admin.Call(&Stub::ScaleWorkers, scale, &scaled), HasReason("NO_SCALER"));
  v1::RollbackPolicyRequest rollback;
  v1::RollbackPolicyResponse rolled_back;
  rollback.set_checkpoint("yesterday");
  EXPECT_THAT(admin.Call(&Stub::RollbackPolicy, rollback, &rolled_back), HasReason("NO_CHECKPOINT"));
  v1::GetOperationRequest operation;
  v1::GetOperationResponse answered;
  operation.set_name("#");
  EXPECT_THAT(admin.Call(&Stub::GetOperation, operation, &answered), HasReason("UNKNOWN_OPERATION"));
  EXPECT_THAT(Audits(), ::testing::IsEmpty()) << "nothing was done";
}

TEST_F(AdminServiceTest, ARepeatedRequestDoesNothingAgainWhicheverServiceItReaches) {
  Put("launcher", registry::v1::SERVICE_ROLE_LAUNCHER);
  Admin one(redis_->address()), other(redis_->address());
  v1::ScaleWorkersRequest request;
  request.set_replicas(3);
  request.set_request_id("scale-3");
  v1::ScaleWorkersResponse first, second;
  ASSERT_OK(one.Call(&Stub::ScaleWorkers, request, &first));
  ASSERT_OK(other.Call(&Stub::ScaleWorkers, request, &second));
  EXPECT_EQ(first.operation().name(), second.operation().name());
  EXPECT_THAT(Audits(), ElementsAre("tester rollout workers: scale from 0 to 3"));
  request.set_replicas(4);
  EXPECT_THAT(one.Call(&Stub::ScaleWorkers, request, &first), HasReason("REQUEST_ID_REUSED"));
  request.set_request_id("no spaces");
  EXPECT_THAT(one.Call(&Stub::ScaleWorkers, request, &first), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AdminServiceTest, ARefusedRequestMayBeRepeatedAndValidatingDoesNothing) {
  Admin admin(redis_->address());
  v1::ScaleWorkersRequest request;
  request.set_replicas(3);
  request.set_request_id("again");
  v1::ScaleWorkersResponse response;
  EXPECT_THAT(admin.Call(&Stub::ScaleWorkers, request, &response), HasReason("NO_SCALER"));
  Put("launcher", registry::v1::SERVICE_ROLE_LAUNCHER);
  request.set_validate_only(true);
  ASSERT_OK(admin.Call(&Stub::ScaleWorkers, request, &response));
  EXPECT_FALSE(response.has_operation());
  EXPECT_THAT(Audits(), ::testing::IsEmpty());
  request.set_validate_only(false);
  ASSERT_OK(admin.Call(&Stub::ScaleWorkers, request, &response));
  EXPECT_TRUE(response.has_operation());
}

TEST_F(AdminServiceTest, MetricsTellOfTheQueueAndOfWhoLives) {
  PutWorkers(2);
  Put("late", registry::v1::SERVICE_ROLE_ROLLOUT, registry::v1::SERVICE_STATE_NOT_READY);
  const auto tasks = Queue("learner");
  BuryTasks(*tasks, 3);
  metrics::Registry metrics;
  Cluster cluster(redis_->address(), kRun);
  QueueRates queue(redis_->address(), kRun);
  const ClusterMetrics told(metrics, cluster, queue);
  EXPECT_THAT(metrics.Expose(), AllOf(HasSubstr("cohort_admin_redis_up 1\n"), HasSubstr("cohort_admin_workers{state=\"ready\"} 2\n"),
                                      HasSubstr("cohort_admin_workers{state=\"not_ready\"} 1\n"), HasSubstr("cohort_admin_services{role=\"learner\"} 0\n"),
                                      HasSubstr("cohort_queue_tasks{state=\"dead\"} 3\n")));
  redis_->Kill();
  EXPECT_THAT(metrics.Expose(), AllOf(HasSubstr("cohort_admin_redis_up 0\n"), HasSubstr("cohort_queue_tasks{state=\"dead\"} 3\n")));
}

TEST_F(AdminServiceTest, AnOperationIsAwaitedListedAndCancelled) {
  Put("launcher", registry::v1::SERVICE_ROLE_LAUNCHER);
  PutWorkers(1);
  Admin admin(redis_->address());
  v1::ScaleWorkersRequest scale;
  scale.set_replicas(2);
  v1::ScaleWorkersResponse scaled;
  ASSERT_OK(admin.Call(&Stub::ScaleWorkers, scale, &scaled));
  v1::WaitOperationRequest wait;
  wait.set_name(scaled.operation().name());
  wait.set_timeout_seconds(0.2);
  v1::WaitOperationResponse waited;
  ASSERT_OK(admin.Call(&Stub::WaitOperation, wait, &waited));
  EXPECT_EQ(waited.operation().state(), v1::OPERATION_STATE_RUNNING);
  PutWorkers(2);
  wait.set_timeout_seconds(20);
  ASSERT_OK(admin.Call(&Stub::WaitOperation, wait, &waited));
  EXPECT_EQ(waited.operation().state(), v1::OPERATION_STATE_SUCCEEDED);
  v1::CancelOperationRequest cancel;
  v1::CancelOperationResponse cancelled;
  cancel.set_name(wait.name());
  EXPECT_THAT(admin.Call(&Stub::CancelOperation, cancel, &cancelled), HasReason("OPERATION_ENDED"));

  scale.set_replicas(9);
  ASSERT_OK(admin.Call(&Stub::ScaleWorkers, scale, &scaled));
  cancel.set_name(scaled.operation().name());
  ASSERT_OK(admin.Call(&Stub::CancelOperation, cancel, &cancelled));
  EXPECT_EQ(cancelled.operation().state(), v1::OPERATION_STATE_CANCELLED);
  Admin restarted(redis_->address());
  v1::ListOperationsRequest list;
  list.set_page_size(1);
  v1::ListOperationsResponse listed;
  ASSERT_OK(restarted.Call(&Stub::ListOperations, list, &listed));
  EXPECT_EQ(listed.total_size(), 2);
  EXPECT_EQ(listed.operations(0).state(), v1::OPERATION_STATE_CANCELLED) << "the newest comes first, also from another service";
  list.set_page_token(listed.next_page_token());
  listed.Clear();
  ASSERT_OK(restarted.Call(&Stub::ListOperations, list, &listed));
  EXPECT_EQ(listed.operations(0).name(), wait.name());
  EXPECT_EQ(listed.next_page_token(), "");
}

TEST_F(AdminServiceTest, DeadLettersAreListedRequeuedAndPurged) {
  const auto queue = Queue("learner");
  BuryTasks(*queue, 5);
  Admin admin(redis_->address());
  v1::ListDeadLettersRequest list;
  list.set_page_size(2);
  v1::ListDeadLettersResponse letters;
  ASSERT_OK(admin.Call(&Stub::ListDeadLetters, list, &letters));
  EXPECT_EQ(letters.total_size(), 5);
  ASSERT_EQ(letters.dead_letters_size(), 2);
  EXPECT_EQ(letters.dead_letters(0).reason(), "cannot be done");
  EXPECT_EQ(letters.dead_letters(1).trace_id(), "4bf92f3577b34da60000000000000002");
  EXPECT_NE(letters.next_page_token(), "");

  v1::RequeueDeadLettersRequest requeue;
  v1::RequeueDeadLettersResponse requeued;
  EXPECT_THAT(admin.Call(&Stub::RequeueDeadLetters, requeue, &requeued), StatusIs(absl::StatusCode::kInvalidArgument));
  requeue.add_names("1-1");
  EXPECT_THAT(admin.Call(&Stub::RequeueDeadLetters, requeue, &requeued), HasReason("UNKNOWN_DEAD_LETTER"));
  requeue.set_names(0, letters.dead_letters(1).name());
  ASSERT_OK(admin.Call(&Stub::RequeueDeadLetters, requeue, &requeued));
  EXPECT_EQ(requeued.requeued(), 1);
  ASSERT_OK_AND_ASSIGN(const auto leases, queue->Take(10, absl::Now() + absl::Seconds(5)));
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(leases[0].task.group_id(), letters.dead_letters(1).group_id());
  EXPECT_EQ(leases[0].attempt, 1) << "it counts as never delivered";

  v1::PurgeDeadLettersRequest purge;
  v1::PurgeDeadLettersResponse purged;
  purge.add_names(letters.dead_letters(0).name());
  ASSERT_OK(admin.Call(&Stub::PurgeDeadLetters, purge, &purged));
  EXPECT_EQ(purged.purged(), 1);

  ASSERT_OK(queue->BeginIncarnation(Soon()));
  requeue.clear_names();
  requeue.set_all(true);
  ASSERT_OK(admin.Call(&Stub::RequeueDeadLetters, requeue, &requeued));
  EXPECT_EQ(requeued.requeued(), 0);
  EXPECT_EQ(requeued.outdated(), 3) << "no worker could do tasks of an earlier incarnation";
  purge.clear_names();
  purge.set_all(true);
  ASSERT_OK(admin.Call(&Stub::PurgeDeadLetters, purge, &purged));
  EXPECT_EQ(purged.purged(), 3);
}

// A worker, as far as draining goes.
class DrainedWorker final : public rollout::v1::RolloutService::Service {
 public:
  grpc::Status DrainWorker(grpc::ServerContext* context, const rollout::v1::DrainWorkerRequest*, rollout::v1::DrainWorkerResponse*) override {
    trace_id = rpc::TraceOf(*context).TraceId();
    return grpc::Status::OK;
  }
  std::string trace_id;
};

TEST_F(AdminServiceTest, AnActBelongsToItsCallersTraceAlsoInTheAuditAndAtTheServiceItAsks) {
  DrainedWorker worker;
  ASSERT_OK_AND_ASSIGN(const auto server, rpc::Server::Start({.address = "127.0.0.1:0", .services = {&worker}}));
  registry::v1::ServiceRecord record;
  record.set_name("w");
  record.set_role(registry::v1::SERVICE_ROLE_ROLLOUT);
  record.set_state(registry::v1::SERVICE_STATE_READY);
  record.set_instance("w");
  record.set_endpoint(server->address());
  ASSERT_OK(registry_->Put(record, absl::Minutes(5), Soon()));
  Admin admin(redis_->address());
  {
    const rpc::TraceScope scope(rpc::TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    v1::DrainWorkerRequest drain;
    drain.set_name("w");
    v1::DrainWorkerResponse response;
    ASSERT_OK(admin.Call(&Stub::DrainWorker, drain, &response));
  }
  EXPECT_EQ(worker.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  ASSERT_OK_AND_ASSIGN(const registry::EventPage page, registry_->ReadEvents(0, 1000, Soon()));
  std::vector<std::string> audits;
  for (const auto& event : page.events) {
    if (event.kind() == registry::v1::EVENT_KIND_AUDIT) audits.push_back(event.trace_id());
  }
  EXPECT_THAT(audits, ElementsAre("4bf92f3577b34da6a3ce929d0e0e4736"));
}

TEST_F(AdminServiceTest, TheQueueIsToldWithItsRates) {
  const auto queue = Queue("learner");
  ASSERT_OK(queue->BeginIncarnation(Soon()));
  Admin admin(redis_->address());
  v1::GetQueueResponse response;
  const absl::Time deadline = Soon();
  do {
    prompt::v1::PromptTask task;
    task.set_group_id("run/0/0");
    ASSERT_OK(queue->Issue({task}, Soon()));
    ASSERT_OK(admin.Call(&Stub::GetQueue, v1::GetQueueRequest(), &response));
    absl::SleepFor(absl::Milliseconds(50));
  } while (response.queue().issued_per_second() == 0 && absl::Now() < deadline);
  EXPECT_GT(response.queue().issued_per_second(), 0);
  EXPECT_GT(response.queue().rate_window_seconds(), 0);
  EXPECT_GT(response.queue().backlog(), 0);
  EXPECT_EQ(response.queue().leased(), 0);
}

// Reads a stream to its end.
std::vector<v1::WatchEventsResponse> ReadAll(Admin& admin, const v1::WatchEventsRequest& request, absl::Status* status) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, Soon());
  const auto reader = admin.stub().WatchEvents(&context, request);
  std::vector<v1::WatchEventsResponse> answers;
  for (v1::WatchEventsResponse answer; reader->Read(&answer);) answers.push_back(answer);
  *status = rpc::FromGrpc(reader->Finish());
  return answers;
}

TEST_F(AdminServiceTest, EventsGoOnAfterTheirResumeToken) {
  PutWorkers(4);
  Admin admin(redis_->address());
  v1::WatchEventsRequest request;
  request.set_from_start(true);
  request.set_no_follow(true);
  absl::Status status;
  const auto all = ReadAll(admin, request, &status);
  ASSERT_OK(status);
  ASSERT_EQ(all.size(), 4u);
  v1::WatchEventsRequest rest;
  rest.set_resume_token(all[1].resume_token());
  rest.set_no_follow(true);
  Admin restarted(redis_->address());
  const auto later = ReadAll(restarted, rest, &status);
  ASSERT_EQ(later.size(), 2u);
  EXPECT_EQ(later[0].event().sequence(), 3);
  EXPECT_EQ(later[0].gap(), 0);
  rest.set_resume_token("yesterday");
  ReadAll(admin, rest, &status);
  EXPECT_THAT(status, HasReason("BAD_RESUME_TOKEN"));
}

TEST_F(AdminServiceTest, EventsThatWereDroppedBeforeTheyWereReadAreTold) {
  PutWorkers(20);
  Admin admin(redis_->address());
  v1::WatchEventsRequest request;
  request.set_from_start(true);
  request.set_no_follow(true);
  absl::Status status;
  const auto all = ReadAll(admin, request, &status);
  redis::Connection connection({.address = redis_->address(), .client_name = "test"});
  ASSERT_OK(connection.Command({"XTRIM", "cohort:{run}:events", "MAXLEN", "5"}, Soon(), redis::LostReply::kRepeat));
  v1::WatchEventsRequest rest;
  rest.set_resume_token(all[2].resume_token());
  rest.set_no_follow(true);
  const auto later = ReadAll(admin, rest, &status);
  ASSERT_EQ(later.size(), 6u);
  EXPECT_EQ(later[0].gap(), 12) << "4 to 15";
  EXPECT_EQ(later[1].event().sequence(), 16);
}

TEST_F(AdminServiceTest, ALogThatWasLostIsToldEvenWhenTheNewOneIsLonger) {
  PutWorkers(2);
  Admin admin(redis_->address());
  v1::WatchEventsRequest request;
  request.set_from_start(true);
  request.set_no_follow(true);
  absl::Status status;
  const auto all = ReadAll(admin, request, &status);
  redis_->Kill();
  ASSERT_OK(redis_->Restart());
  PutWorkers(9);
  v1::WatchEventsRequest rest;
  rest.set_resume_token(all.back().resume_token());
  rest.set_no_follow(true);
  const auto later = ReadAll(admin, rest, &status);
  ASSERT_OK(status);
  ASSERT_EQ(later.size(), 10u);
  EXPECT_EQ(later[0].gap(), -1);
  EXPECT_EQ(later[1].event().sequence(), 1);
}

TEST_F(AdminServiceTest, AnEventReachesItsWatcherWithinASecond) {
  Admin admin(redis_->address());
  grpc::ClientContext context;
  rpc::SetDeadline(context, Soon());
  const auto reader = admin.stub().WatchEvents(&context, v1::WatchEventsRequest());
  v1::WatchEventsResponse answer;
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_FALSE(answer.has_event()) << "it tells where the watcher stands";
  PutWorkers(1);
  ASSERT_TRUE(reader->Read(&answer));
  EXPECT_EQ(answer.event().subject(), "w-000");
  EXPECT_LT(absl::Now() - absl::FromUnixMillis(answer.event().time_ms()), absl::Seconds(1));
  context.TryCancel();
  reader->Finish();
}

TEST_F(AdminServiceTest, RolesComeFromATokenFileThatIsReadAnewWhenItChanges) {
  testing::TempDir directory;
  const std::string file = directory / "tokens";
  ASSERT_OK(io::WriteFileAtomically(file, "# who may what\nviewer ann ann-has-a-long-token\noperator bob bob-has-a-long-token\n"));
  Put("launcher", registry::v1::SERVICE_ROLE_LAUNCHER);
  Admin admin(redis_->address(), file);
  v1::ListWorkersResponse workers;
  EXPECT_THAT(admin.Call(&Stub::ListWorkers, v1::ListWorkersRequest(), &workers), HasReason("NO_CREDENTIALS"));
  EXPECT_THAT(admin.Call(&Stub::ListWorkers, v1::ListWorkersRequest(), &workers, "a-token-of-nobody"), HasReason("NO_CREDENTIALS"));
  EXPECT_OK(admin.Call(&Stub::ListWorkers, v1::ListWorkersRequest(), &workers, "ann-has-a-long-token"));
  v1::ScaleWorkersRequest scale;
  scale.set_replicas(1);
  v1::ScaleWorkersResponse scaled;
  EXPECT_THAT(admin.Call(&Stub::ScaleWorkers, scale, &scaled, "ann-has-a-long-token"), HasReason("ROLE_MISSING"));
  EXPECT_OK(admin.Call(&Stub::ScaleWorkers, scale, &scaled, "bob-has-a-long-token"));
  EXPECT_THAT(Audits(), ElementsAre(HasSubstr("bob rollout workers")));
  ASSERT_OK(io::WriteFileAtomically(file, "operator ann ann-has-a-long-token\n"));
  EXPECT_OK(admin.Call(&Stub::ScaleWorkers, scale, &scaled, "ann-has-a-long-token"));
  EXPECT_THAT(admin.Call(&Stub::ScaleWorkers, scale, &scaled, "bob-has-a-long-token"), HasReason("NO_CREDENTIALS"));
  EXPECT_THAT(Access::Create(directory / "none").status(), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(io::WriteFileAtomically(file, "king ann ann-has-a-long-token\n"));
  EXPECT_THAT(Access::Create(file).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":1:")));
  EXPECT_OK(admin.Call(&Stub::ScaleWorkers, scale, &scaled, "ann-has-a-long-token")) << "a file that cannot be read keeps what was read last";
}

TEST_F(AdminServiceTest, ThePageAndItsDataAreServedToWhoMayLook) {
  testing::TempDir directory;
  const std::string file = directory / "tokens";
  ASSERT_OK(io::WriteFileAtomically(file, "viewer ann ann-has-a-long-token\n"));
  PutWorkers(2);
  Cluster cluster(redis_->address(), kRun);
  QueueRates queue(redis_->address(), kRun);
  ASSERT_OK_AND_ASSIGN(const auto access, Access::Create(file));
  EXPECT_THAT(WebServer::Start({"0.0.0.0:0"}, cluster, queue, *access).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const auto web, WebServer::Start({"127.0.0.1:0"}, cluster, queue, *access));
  EXPECT_THAT(WebServer::Start({web->address()}, cluster, queue, *access).status(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK_AND_ASSIGN(const std::string page, HttpGet(web->address(), "/", Soon()));
  EXPECT_THAT(page, HasSubstr("</html>"));
  EXPECT_THAT(page, ::testing::Not(::testing::ContainsRegex("(src|href)=\"?http"))) << "no external assets";
  EXPECT_THAT(HttpGet(web->address(), "/api/status", Soon()).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("401")));
  EXPECT_THAT(HttpGet(web->address(), "/api/nothing?token=ann-has-a-long-token", Soon()).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("404")));
  EXPECT_THAT(HttpGet(web->address(), "/api/samples?token=ann-has-a-long-token", Soon()).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("503")));
  ASSERT_OK_AND_ASSIGN(const std::string body, HttpGet(web->address(), "/api/status?token=ann-has-a-long-token", Soon()));
  const auto answer = nlohmann::json::parse(body);
  EXPECT_EQ(answer["workers"]["workers"].size(), 2u);
  EXPECT_EQ(answer["status"]["run_id"], kRun);
}

TEST_F(AdminServiceTest, WithoutRedisThatIsToldAndNothingElse) {
  Admin admin(redis_->address());
  redis_->Kill();
  v1::GetClusterStatusResponse status;
  EXPECT_THAT(admin.Call(&Stub::GetClusterStatus, v1::GetClusterStatusRequest(), &status), HasReason("REDIS_UNAVAILABLE"));
  v1::DiagnoseResponse diagnosis;
  ASSERT_OK(admin.Call(&Stub::Diagnose, v1::DiagnoseRequest(), &diagnosis));
  ASSERT_EQ(diagnosis.findings_size(), 1);
  EXPECT_EQ(diagnosis.findings(0).check(), "redis");
  ASSERT_OK(redis_->Restart());
  EXPECT_OK(admin.Call(&Stub::GetClusterStatus, v1::GetClusterStatusRequest(), &status));
}

}  // namespace
}  // namespace cohort::admin
