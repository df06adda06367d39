// Grades for a long time and watches memory and kills: ends with 1 when the service or its workers grow, when more than one check in a million has to be
// killed, or when a check gets no answer.
//
//   build/bin/bench/reward_soak [checks, 10000000 by default]
//
// The mix is that of the benchmark, with hostile answers in every fifth round of 20,000. Prints a line per 200,000 checks.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "tests/bench/reward/mix.h"
#include "tests/bench/reward/service_load.h"

namespace cohort::reward {
namespace {

constexpr int64_t kRound = 20'000;
constexpr int64_t kRoundsPerLine = 10;
constexpr int64_t kHostileEvery = 5;                  // Rounds.
constexpr int64_t kAllowedGrowth = int64_t{48} << 20;  // Beyond what stood there after a tenth of the checks.

struct Memory {
  int64_t service = 0;
  int64_t largest_worker = 0;
};

Memory Measure(RewardProcess& service) {
  Memory memory;
  memory.service = ResidentBytes(service.process().pid());
  for (const pid_t worker : service.Workers()) memory.largest_worker = std::max(memory.largest_worker, ResidentBytes(worker));
  return memory;
}

int Main(int argc, char** argv) {
  const int64_t wanted = argc > 1 ? std::atoll(argv[1]) : 10'000'000;
  UseBinariesOfThisBuild();
  RewardProcess service;
  const std::vector<Sample> hostile = HostileSamples();
  Memory settled;
  int64_t checks = 0;
  bool ok = true;
  std::printf("%12s %12s %14s %16s %12s\n", "checks", "checks/s", "service MB", "largest worker", "hard kills");
  for (int64_t round = 0; checks < wanted; ++round) {
    const absl::Time start = absl::Now();
    std::vector<Sample> samples = MakeMix(checks, std::min(kRound, wanted - checks));
    if (round % kHostileEvery == 0) samples.insert(samples.end(), hostile.begin(), hostile.end());
    if (StreamAll(service, samples) != samples.size()) {
      std::printf("checks without an answer after %lld\n", static_cast<long long>(checks));
      return 1;
    }
    const int64_t before = checks;
    checks += std::min(kRound, wanted - checks);
    const Memory memory = Measure(service);
    if (before < wanted / 10) settled = {std::max(settled.service, memory.service), std::max(settled.largest_worker, memory.largest_worker)};
    const bool grown = memory.service > settled.service + kAllowedGrowth || memory.largest_worker > settled.largest_worker + kAllowedGrowth;
    ok = ok && !grown;
    if (round % kRoundsPerLine == 0 || grown || checks >= wanted) {
      const double rate = static_cast<double>(checks - before) / absl::ToDoubleSeconds(absl::Now() - start);
      std::printf("%12lld %12.0f %14.1f %16.1f %12.0f%s\n", static_cast<long long>(checks), rate, static_cast<double>(memory.service) / (1 << 20),
                  static_cast<double>(memory.largest_worker) / (1 << 20), service.Metric("cohort_reward_hard_kills_total"), grown ? "  GROWN" : "");
      std::fflush(stdout);
    }
  }
  const double kills = service.Metric("cohort_reward_hard_kills_total"), deaths = service.Metric("cohort_reward_worker_deaths_total");
  std::printf("hard kills per million checks: %.2f; workers that died by themselves: %.0f\n", kills / static_cast<double>(checks) * 1e6, deaths);
  ok = ok && kills <= static_cast<double>(checks) / 1e6 && deaths == 0;
  std::printf(ok ? "flat\n" : "NOT flat\n");
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace cohort::reward

int main(int argc, char** argv) { return cohort::reward::Main(argc, argv); }
