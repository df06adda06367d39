// Reward checks per second: the check alone, through the sandboxed workers, and end to end through gRPC on loopback. Prints a table.
//
//   build/bin/bench/reward_bench [checks]
//
// The mix: half bare answers, half R1_ZERO completions of 60 to 900 bytes, integers, decimals, fractions and percentages, half of them right; 1 % cannot be parsed,
// 1 % have a wrong format. No two checks are equal, so that no cache helps, but for the line that says so.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/metrics/metrics.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "services/reward/check/check.h"
#include "services/reward/sandbox/self_test.h"
#include "services/reward/sandbox/worker_pool.h"
#include "services/reward/server/reward_service.h"

namespace cohort::reward {
namespace {

constexpr int kBatch = 256;

struct Sample {
  std::string gold, completion;
  v1::Template shape;
};

std::string Written(int64_t value, std::mt19937_64& random) {
  switch (random() % 4) {
    case 0: return std::to_string(value);
    case 1: return std::to_string(value) + ".0";
    case 2: return "\\frac{" + std::to_string(3 * value) + "}{3}";
    default: return std::to_string(value) + "00\\%";
  }
}

std::vector<Sample> MakeMix(int count) {
  std::mt19937_64 random(1);
  std::vector<Sample> mix;
  for (int i = 0; i < count; ++i) {
    const int64_t value = 1'000 + i;
    std::string answer = Written(random() % 2 == 0 ? value : value + 1, random);
    if (i % 100 == 0) answer += " apples";
    if (i % 2 == 0) {
      mix.push_back({std::to_string(value), answer, v1::TEMPLATE_BARE_ANSWER});
      continue;
    }
    std::string thought;
    for (uint64_t words = random() % 140; words > 0; --words) thought += "digit ";
    const char* close = i % 100 == 1 ? "</Think>" : "</think>";
    mix.push_back({std::to_string(value), "<think>" + thought + "so" + close + "<answer>" + answer + "</answer>", v1::TEMPLATE_R1_ZERO});
  }
  return mix;
}

CheckInput InputOf(const Sample& sample) {
  CheckInput input;
  input.shape = sample.shape;
  input.gold = sample.gold;
  input.completion = sample.completion;
  return input;
}

double Now() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

void Row(const char* what, size_t checks, double seconds) {
  std::printf("%-58s %10.0f checks/s %10.2f us/check\n", what, static_cast<double>(checks) / seconds, seconds / static_cast<double>(checks) * 1e6);
}

void BenchLibrary(const std::vector<Sample>& mix) {
  const double start = Now();
  int correct = 0;
  for (const Sample& sample : mix) correct += RunCheck(InputOf(sample)).verdict == v1::VERDICT_CORRECT;
  Row("library, one thread", mix.size(), Now() - start);
  std::printf("%-58s %9.1f %%\n", "  of them correct", 100.0 * correct / static_cast<double>(mix.size()));
}

void BenchPool(WorkerPool& pool, const std::vector<Sample>& mix) {
  const double start = Now();
  absl::Mutex mutex;
  size_t running = 0;
  for (size_t begin = 0; begin < mix.size(); begin += kBatch) {
    std::vector<CheckInput> inputs;
    for (size_t i = begin; i < std::min(mix.size(), begin + kBatch); ++i) inputs.push_back(InputOf(mix[i]));
    const auto room = [&running] { return running < 16; };
    mutex.LockWhen(absl::Condition(&room));
    ++running;
    mutex.Unlock();
    pool.SubmitWhenRoom(std::make_shared<Job>(std::move(inputs), [&](const auto&) {
      absl::MutexLock lock(&mutex);
      --running;
    }));
  }
  const auto all_done = [&running] { return running == 0; };
  mutex.LockWhen(absl::Condition(&all_done));
  mutex.Unlock();
  Row("sandboxed workers, in process, batches of 256", mix.size(), Now() - start);
}

void AddItem(const Sample& sample, v1::ScoreItem* item) {
  item->set_gold_answer(sample.gold);
  item->set_completion(sample.completion);
  item->set_template_(sample.shape);
  item->set_finish_reason(common::v1::FINISH_REASON_STOP);
}

void BenchStream(const std::string& address, const std::vector<Sample>& mix, const char* what) {
  const auto stub = v1::RewardService::NewStub(rpc::Connect(address));
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Minutes(5));
  const double start = Now();
  const auto stream = stub->ScoreStream(&context);
  std::thread writer([&] {
    for (size_t begin = 0; begin < mix.size(); begin += kBatch) {
      v1::ScoreStreamRequest request;
      for (size_t i = begin; i < std::min(mix.size(), begin + kBatch); ++i) AddItem(mix[i], request.add_items());
      stream->Write(request);
    }
    stream->WritesDone();
  });
  v1::ScoreStreamResponse response;
  size_t results = 0;
  while (stream->Read(&response)) results += response.results_size();
  writer.join();
  if (!stream->Finish().ok() || results != mix.size()) std::printf("the stream failed\n");
  Row(what, mix.size(), Now() - start);
}

void BenchUnary(const std::string& address, const std::vector<Sample>& mix) {
  const auto stub = v1::RewardService::NewStub(rpc::Connect(address));
  std::vector<double> micros;
  for (size_t i = 0; i < std::min<size_t>(mix.size(), 5'000); ++i) {
    v1::ScoreRequest request;
    v1::ScoreResponse response;
    AddItem(mix[i], request.add_items());
    request.mutable_items(0)->set_gold_answer(mix[i].gold + ".000");  // Not in the cache.
    grpc::ClientContext context;
    rpc::SetDeadline(context, absl::Now() + absl::Seconds(10));
    const double start = Now();
    if (!stub->Score(&context, request, &response).ok()) std::printf("a call failed\n");
    micros.push_back((Now() - start) * 1e6);
  }
  std::sort(micros.begin(), micros.end());
  std::printf("%-58s p50 %.0f us, p99 %.0f us\n", "unary calls of one check through gRPC", micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
}

double CpuSeconds() {
  rusage own{}, children{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(own.ru_utime) + seconds(own.ru_stime) + seconds(children.ru_utime) + seconds(children.ru_stime);
}

int Main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 200'000;
  auto zygote = Zygote::Fork({});
  if (!zygote.ok()) return 1;
  const std::vector<Sample> mix = MakeMix(count);
  const int workers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::printf("%d checks, %d workers\n", count, workers);
  BenchLibrary(mix);
  metrics::Registry registry;
  PoolMetrics metrics(registry);
  WorkerPool::Options options;
  options.workers = workers;
  options.cache_entries = 0;
  {
    auto pool = WorkerPool::Start(**zygote, metrics, options);
    if (!pool.ok()) return 1;
    BenchPool(**pool, mix);
    RewardService service(**pool);
    auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {&service}});
    if (!server.ok()) return 1;
    BenchStream((*server)->address(), mix, "end to end through gRPC, batches of 256");
    BenchUnary((*server)->address(), mix);
    (*server)->Shutdown(absl::Now());
  }
  options.cache_entries = mix.size();
  auto pool = WorkerPool::Start(**zygote, metrics, options);
  if (!pool.ok()) return 1;
  RewardService service(**pool);
  auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {&service}});
  if (!server.ok()) return 1;
  BenchStream((*server)->address(), mix, "the same, filling the result cache");
  BenchStream((*server)->address(), mix, "the same, all from the result cache");
  (*server)->Shutdown(absl::Now());
  std::printf("%-58s %10.1f s\n", "CPU time of service and client in all", CpuSeconds());
  return 0;
}

}  // namespace
}  // namespace cohort::reward

int main(int argc, char** argv) { return cohort::reward::Main(argc, argv); }
