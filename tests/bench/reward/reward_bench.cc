// Speed of reward checks: the library alone, the service end to end through gRPC on loopback, and single calls. Prints tables.
//
//   build/bin/bench/reward_bench [checks] [library]
//
// With "library" only that, for a profiler.
//
// A core's rate is checks per second of CPU, so a busy machine does not change it much. The mix is that of mix.h.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "tests/bench/reward/mix.h"
#include "tests/bench/reward/service_load.h"

namespace cohort::reward {
namespace {

constexpr size_t kUnaryCalls = 5'000;
constexpr double kLeastSeconds = 3;  // Of CPU that a rate is measured over.

double Now() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

double OwnCpuSeconds() {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(own.ru_utime) + seconds(own.ru_stime);
}

void Row(const std::string& what, double rate, const char* unit) { std::printf("  %-62s %10.0f %s\n", what.c_str(), rate, unit); }

struct KindCost {
  size_t checks = 0;
  size_t correct = 0;
  double seconds = 0;
};

void BenchLibrary(const std::vector<Sample>& mix) {
  std::map<std::string, KindCost> kinds;
  std::map<std::string, size_t> methods, verdicts;
  for (const Sample& sample : mix) {  // One pass with a clock around each, for the shares; it also warms the caches.
    const double start = Now();
    const CheckOutcome outcome = RunCheck(InputOf(sample));
    KindCost& kind = kinds[sample.kind];
    kind.seconds += Now() - start;
    ++kind.checks;
    kind.correct += outcome.verdict == v1::VERDICT_CORRECT;
    ++methods[v1::Method_Name(outcome.method)];
    ++verdicts[v1::Verdict_Name(outcome.verdict)];
  }
  const double start = OwnCpuSeconds();
  double seconds = 0;
  size_t passes = 0;
  for (; seconds < kLeastSeconds; ++passes, seconds = OwnCpuSeconds() - start) {
    for (const Sample& sample : mix) RunCheck(InputOf(sample));
  }

  std::printf("library, %zu checks\n", mix.size());
  Row("checks/s/core", static_cast<double>(passes * mix.size()) / seconds, "checks/s/core");
  std::printf("  the mix: %-18s %8s %10s %10s\n", "", "share", "correct", "us/check");
  for (const auto& [kind, cost] : kinds) {
    const auto checks = static_cast<double>(cost.checks);
    std::printf("           %-18s %7.1f%% %9.1f%% %10.2f\n", kind.c_str(), 100 * checks / static_cast<double>(mix.size()),
                100 * static_cast<double>(cost.correct) / checks, cost.seconds / checks * 1e6);
  }
  const auto shares = [&mix](const char* title, const std::map<std::string, size_t>& counts) {
    std::printf("  %s:", title);
    for (const auto& [name, count] : counts) std::printf(" %s %.1f%%", name.c_str(), 100.0 * static_cast<double>(count) / static_cast<double>(mix.size()));
    std::printf("\n");
  };
  shares("methods", methods);
  shares("verdicts", verdicts);
}

void BenchStream(RewardProcess& service, const std::vector<Sample>& mix, const char* what) {
  const ServiceCpu cpu_before = CpuOf(service);
  const double client_before = OwnCpuSeconds(), start = Now();
  const size_t results = StreamAll(service, mix);
  const double seconds = Now() - start, client = OwnCpuSeconds() - client_before;
  const ServiceCpu cpu = CpuOf(service);
  const double front = cpu.front - cpu_before.front, workers = cpu.workers - cpu_before.workers;
  const auto checks = static_cast<double>(results);
  std::printf("%s, %zu checks in batches of 256\n", what, results);
  Row("checks/s of wall time", checks / seconds, "checks/s");
  Row("checks/s/core of the service (front and workers)", checks / (front + workers), "checks/s/core");
  std::printf("  %-62s %.2f + %.2f us, client %.2f us\n", "CPU of a check: front + workers", front / checks * 1e6, workers / checks * 1e6, client / checks * 1e6);
}

void BenchUnary(RewardProcess& service, const std::vector<Sample>& mix) {
  std::vector<double> micros;
  for (size_t i = 0; i < std::min(mix.size(), kUnaryCalls); ++i) {
    v1::ScoreRequest request;
    v1::ScoreResponse response;
    FillItem(mix[i], *request.add_items());
    grpc::ClientContext context;
    rpc::SetDeadline(context, absl::Now() + absl::Seconds(10));
    const double start = Now();
    if (!service.stub().Score(&context, request, &response).ok()) std::printf("a call failed\n");
    micros.push_back((Now() - start) * 1e6);
  }
  std::sort(micros.begin(), micros.end());
  std::printf("unary calls of one check\n  %-62s p50 %.0f us, p99 %.0f us\n", "latency on loopback", micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
}

int Main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 100'000;
  UseBinariesOfThisBuild();
  const std::vector<Sample> mix = MakeMix(0, count);
  const unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  BenchLibrary(mix);
  if (argc > 2 && std::string_view(argv[2]) == "library") return 0;
  {
    RewardProcess service({"--sandbox-workers", absl::StrCat(workers), "--cache-entries", "0"});
    BenchStream(service, mix, absl::StrCat("end to end through gRPC, ", workers, " workers, no cache").c_str());
    BenchUnary(service, mix);
  }
  RewardProcess service({"--sandbox-workers", absl::StrCat(workers), "--cache-entries", absl::StrCat(2 * mix.size())});
  BenchStream(service, mix, "the same, filling the result cache");
  BenchStream(service, mix, "the same, all from the result cache");
  return 0;
}

}  // namespace
}  // namespace cohort::reward

int main(int argc, char** argv) { return cohort::reward::Main(argc, argv); }
