// How fast a real cohort-admin answers on a real redis-server with 256 simulated workers, which renew their records once a second, and 100,000 queue
// entries, of which each worker leases some; and how late events reach a watcher. Prints a table. admin_bench [CALLS]
//
// admin_bench --effect ENDPOINT PAIRS: what watching does to a run that trains. In PAIRS pairs of ten-second windows, one without and one with a client that
// asks for status, workers and queue five times a second (ten people with `cohort top --watch`), compares the seconds of the steps.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/process/child_process.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/registry/service_registry.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "common/testing/redis_server.h"
#include "common/testing/temp_dir.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/admin/v1/admin_service.grpc.pb.h"

namespace cohort::admin {
namespace {

constexpr char kRun[] = "bench";
constexpr int kWorkers = 256;
constexpr int kTasks = 100'000;
constexpr int kLeasesPerWorker = 8;
constexpr int kPromptTokens = 64;
constexpr int kIssueBatch = 500;
constexpr int kEvents = 200;
constexpr absl::Duration kWindow = absl::Seconds(10);

absl::Time Soon() { return absl::Now() + absl::Minutes(1); }

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Value(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

void FillQueue(const std::string& redis) {
  const auto learner = Value(queue::RedisPromptQueue::Open(redis, {.run_id = kRun, .consumer = "learner", .max_backlog = 2 * kTasks}, Soon()));
  const int64_t incarnation = Value(learner->BeginIncarnation(Soon()));
  for (int begin = 0; begin < kTasks; begin += kIssueBatch) {
    std::vector<prompt::v1::PromptTask> tasks(kIssueBatch);
    for (int i = 0; i < kIssueBatch; ++i) {
      tasks[i].set_group_id(absl::StrCat("bench/0/", begin + i));
      tasks[i].set_incarnation(incarnation);
      for (int token = 0; token < kPromptTokens; ++token) tasks[i].add_prompt_token_ids(token * 37 % 32000);
    }
    Check(learner->Issue(tasks, Soon()));
  }
  for (int worker = 0; worker < kWorkers; ++worker) {
    const auto queue = Value(queue::RedisPromptQueue::Open(redis, {.run_id = kRun, .consumer = absl::StrCat("w-", worker), .lease = absl::Hours(1)}, Soon()));
    Check(queue->Take(kLeasesPerWorker, Soon()).status());
  }
}

registry::v1::ServiceRecord WorkerRecord(int index) {
  registry::v1::ServiceRecord record;
  record.set_name(absl::StrFormat("cohort-rollout-%03d", index));
  record.set_role(registry::v1::SERVICE_ROLE_ROLLOUT);
  record.set_state(registry::v1::SERVICE_STATE_READY);
  record.set_endpoint(absl::StrCat("10.0.0.", index % 250, ":7000"));
  record.set_instance(absl::StrCat(index));
  record.set_host(absl::StrCat("gpu-", index / 8));
  record.mutable_load()->set_policy_version(7);
  for (const char* activity : {"generating", "waiting_for_prompt", "waiting_for_weights", "taking_weights"}) {
    (*record.mutable_load()->mutable_time_budget_seconds())[activity] = index;
  }
  return record;
}

// Plays the heartbeats of all workers, each once a second.
void Beat(const std::string& redis, const sync::StopToken& stop) {
  registry::ServiceRegistry registry(redis, kRun);
  while (!stop.stop_requested()) {
    const absl::Time begin = absl::Now();
    for (int i = 0; i < kWorkers; ++i) Check(registry.Put(WorkerRecord(i), absl::Seconds(10), Soon()));
    stop.WaitUntil(begin + absl::Seconds(1));
  }
}

// Prints the distribution of how long `call` takes.
void Measure(const std::string& name, int calls, const std::function<void()>& call) {
  for (int i = 0; i < 20; ++i) call();
  std::vector<double> ms;
  for (int i = 0; i < calls; ++i) {
    const absl::Time begin = absl::Now();
    call();
    ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
  }
  std::sort(ms.begin(), ms.end());
  const auto at = [&ms](double share) { return ms[std::min(ms.size() - 1, static_cast<size_t>(share * static_cast<double>(ms.size())))]; };
  std::printf("%-46s %6d %9.2f %9.2f %9.2f\n", name.c_str(), calls, at(0.5), at(0.99), ms.back());
  std::fflush(stdout);
}

// Calls a method or ends the program.
template <typename Request, typename Response>
void Call(v1::AdminService::Stub& stub, grpc::Status (v1::AdminService::Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
          Response* response) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, Soon());
  response->Clear();
  Check(rpc::FromGrpc((stub.*method)(&context, request, response)));
}

// Time from the append of an event until a watcher has it, both by the clock of this machine.
void MeasureEvents(const std::string& redis, v1::AdminService::Stub& stub) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Minutes(5));
  const auto reader = stub.WatchEvents(&context, v1::WatchEventsRequest());
  v1::WatchEventsResponse answer;
  reader->Read(&answer);
  registry::ServiceRegistry registry(redis, kRun);
  std::vector<double> ms;
  for (int i = 0; i < kEvents; ++i) {
    registry::v1::Event event;
    event.set_kind(registry::v1::EVENT_KIND_AUDIT);
    event.set_subject("bench");
    const absl::Time begin = absl::Now();
    Check(registry.Append(event, Soon()).status());
    do {
      if (!reader->Read(&answer)) std::exit(1);
    } while (answer.event().subject() != "bench");
    ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
  }
  context.TryCancel();
  reader->Finish();
  std::sort(ms.begin(), ms.end());
  std::printf("%-46s %6d %9.2f %9.2f %9.2f\n", "event: append to watcher", kEvents, ms[ms.size() / 2], ms[ms.size() * 99 / 100], ms.back());
}

int Bench(int calls) {
  const auto redis = Value(testing::RedisServer::Start());
  FillQueue(redis->address());
  sync::StopSource stop;
  const sync::Thread heartbeats("heartbeats", [&] { Beat(redis->address(), stop.token()); });
  const testing::TempDir directory;
  const std::string file = directory / "endpoint.json";
  process::ChildProcess::Options options;
  const std::string binary = (std::filesystem::path(process::BinaryDirectory()).parent_path() / "cohort-admin").string();
  options.command = {binary, "--redis", redis->address(), "--run", kRun, "--endpoint-file", file};
  options.log_file = directory / "log";
  const auto admin = Value(process::ChildProcess::Start(options));
  while (!std::filesystem::exists(file) && admin->running()) absl::SleepFor(absl::Milliseconds(10));
  const auto channel = rpc::Connect(nlohmann::json::parse(Value(io::ReadFile(file)))["grpc"]);
  const auto stub = v1::AdminService::NewStub(channel);
  absl::SleepFor(absl::Seconds(2));

  v1::GetQueueResponse queue;
  Call(*stub, &v1::AdminService::Stub::GetQueue, v1::GetQueueRequest(), &queue);
  std::printf("%d workers, %lld queue entries, %lld of them leased; milliseconds\n", kWorkers,
              static_cast<long long>(queue.queue().backlog() + queue.queue().leased()), static_cast<long long>(queue.queue().leased()));
  std::printf("%-46s %6s %9s %9s %9s\n", "call", "calls", "median", "p99", "worst");
  v1::ListWorkersRequest all;
  all.set_page_size(1000);
  v1::ListWorkersResponse workers;
  Measure("ListWorkers, all 256 in one page", calls, [&] { Call(*stub, &v1::AdminService::Stub::ListWorkers, all, &workers); });
  if (workers.total_size() != kWorkers) std::exit(1);
  v1::ListWorkersRequest filtered;
  filtered.set_filter("state=READY AND host:gpu-3");
  Measure("ListWorkers, filtered", calls, [&] { Call(*stub, &v1::AdminService::Stub::ListWorkers, filtered, &workers); });
  Measure("GetQueue", calls, [&] { Call(*stub, &v1::AdminService::Stub::GetQueue, v1::GetQueueRequest(), &queue); });
  v1::GetClusterStatusResponse status;
  Measure("GetClusterStatus", calls, [&] { Call(*stub, &v1::AdminService::Stub::GetClusterStatus, v1::GetClusterStatusRequest(), &status); });
  MeasureEvents(redis->address(), *stub);
  stop.RequestStop();
  return 0;
}

int64_t StepsDone(v1::AdminService::Stub& stub) {
  v1::GetClusterStatusResponse status;
  Call(stub, &v1::AdminService::Stub::GetClusterStatus, v1::GetClusterStatusRequest(), &status);
  return status.status().steps_done();
}

// Processor seconds that the admin service has used.
double CpuSeconds(v1::AdminService::Stub& stub) {
  v1::GetMetricsRequest request;
  request.set_service("cohort-admin");
  v1::GetMetricsResponse metrics;
  Call(stub, &v1::AdminService::Stub::GetMetrics, request, &metrics);
  const std::string name = "\nprocess_cpu_seconds_total ";
  const size_t at = metrics.text().find(name);
  if (at == std::string::npos) {
    std::fprintf(stderr, "the admin service exports no process_cpu_seconds_total\n");
    std::exit(1);
  }
  return std::atof(metrics.text().c_str() + at + name.size());
}

// Mean seconds of the steps that lie within one window; adds what the admin service used to `cpu`.
double Window(v1::AdminService::Stub& stub, bool watched, double* cpu) {
  const int64_t begin = StepsDone(stub);
  const double cpu_before = CpuSeconds(stub);
  const absl::Time end = absl::Now() + kWindow;
  v1::GetClusterStatusResponse status;
  v1::ListWorkersResponse workers;
  v1::GetQueueResponse queue;
  while (absl::Now() < end) {
    if (watched) {
      Call(stub, &v1::AdminService::Stub::GetClusterStatus, v1::GetClusterStatusRequest(), &status);
      Call(stub, &v1::AdminService::Stub::ListWorkers, v1::ListWorkersRequest(), &workers);
      Call(stub, &v1::AdminService::Stub::GetQueue, v1::GetQueueRequest(), &queue);
    }
    absl::SleepFor(absl::Milliseconds(200));
  }
  *cpu += CpuSeconds(stub) - cpu_before;
  v1::ListStepsRequest request;
  request.set_from_step(begin + 1);
  request.set_limit(10000);
  v1::ListStepsResponse steps;
  Call(stub, &v1::AdminService::Stub::ListSteps, request, &steps);
  double sum = 0;
  for (const auto& step : steps.steps()) sum += step.step_seconds();
  return steps.steps_size() > 0 ? sum / steps.steps_size() : 0;
}

int Effect(const std::string& endpoint, int pairs) {
  const auto stub = v1::AdminService::NewStub(rpc::Connect(endpoint));
  v1::GetClusterStatusResponse status;
  Measure("GetClusterStatus of the run", 200, [&] { Call(*stub, &v1::AdminService::Stub::GetClusterStatus, v1::GetClusterStatusRequest(), &status); });
  std::vector<double> changes;
  double cpu[2] = {0, 0};  // Alone, watched.
  for (int i = 0; i < pairs; ++i) {
    // In turn the one and the other first, so that a drift cancels out.
    const bool watched_first = i % 2 == 1;
    const double first = Window(*stub, watched_first, &cpu[watched_first ? 1 : 0]), second = Window(*stub, !watched_first, &cpu[watched_first ? 0 : 1]);
    const double alone = watched_first ? second : first, watched = watched_first ? first : second;
    changes.push_back(watched / alone - 1);
    std::printf("steps take %.4f s, watched %.4f s: %+.2f %%\n", alone, watched, changes.back() * 100);
    std::fflush(stdout);
  }
  double mean = 0, square = 0;
  for (const double change : changes) mean += change / pairs;
  for (const double change : changes) square += (change - mean) * (change - mean);
  const double window_seconds = absl::ToDoubleSeconds(kWindow) * pairs;
  std::printf("the admin service takes %.2f %% of one core, watched %.2f %%\n", 100 * cpu[0] / window_seconds, 100 * cpu[1] / window_seconds);
  std::sort(changes.begin(), changes.end());
  const double median = (changes[(changes.size() - 1) / 2] + changes[changes.size() / 2]) / 2;
  std::printf("mean %+.2f %%, standard error %.2f %%, median %+.2f %%\n", mean * 100, 100 * std::sqrt(square / (pairs - 1) / pairs), median * 100);
  return 0;
}

}  // namespace
}  // namespace cohort::admin

int main(int argc, char** argv) {
  int number = 0;
  if (argc == 4 && std::string(argv[1]) == "--effect" && absl::SimpleAtoi(argv[3], &number) && number > 1) return cohort::admin::Effect(argv[2], number);
  number = 2000;
  if (argc > 2 || (argc == 2 && !absl::SimpleAtoi(argv[1], &number))) {
    std::fprintf(stderr, "admin_bench [CALLS] | admin_bench --effect ENDPOINT PAIRS\n");
    return 2;
  }
  return cohort::admin::Bench(std::max(number, 100));
}
