// Examines the mathematics with random pairs whose verdicts are known by construction, and prints rate, counts and the smallest failing pairs.
//
//   build/bin/bench/reward_metamorphic [pairs] [seed]      default 1000000 pairs from seed 1; the exit status is 1 when there was a failure
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "tests/golden/reward/metamorphic/hunt.h"
#include "tests/golden/reward/row_verdict.h"

int main(int argc, char** argv) {
  using namespace cohort::reward;
  const int64_t pairs = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const auto start = std::chrono::steady_clock::now();
  const metamorphic::HuntReport report = metamorphic::Hunt(seed, pairs, CompareAnswers);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const metamorphic::Find& find : report.finds) std::cout << find.Describe() << "\n\n";
  int64_t failing = 0;
  for (const auto& [key, count] : report.faults) {
    std::printf("%8lld  %s\n", static_cast<long long>(count), key.c_str());
    failing += count;
  }
  std::printf("%lld pairs of %lld cases in %.1f s: %.0f pairs/s, each graded both ways round; %lld failing cases; %lld different pairs undecided (%.4f %%)\n",
              static_cast<long long>(report.tally.pairs), static_cast<long long>(report.cases), seconds, static_cast<double>(report.tally.pairs) / seconds,
              static_cast<long long>(failing), static_cast<long long>(report.tally.undecided),
              100.0 * static_cast<double>(report.tally.undecided) / static_cast<double>(report.tally.pairs));
  return failing == 0 ? 0 : 1;
}
