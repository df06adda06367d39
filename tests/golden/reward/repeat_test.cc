// A verdict is a function of policy, reference answer and answer: fresh worker processes, threads and the order of the checks change nothing in it.
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/sync/thread.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "services/reward/check/check.h"
#include "services/reward/sandbox/worker_pool.h"
#include "services/reward/sandbox/worker_zygote.h"
#include "tests/golden/reward/row_file.h"

namespace cohort::reward {
namespace {

constexpr size_t kEveryNth = 9;  // Of the hand-checked rows, over all families.
constexpr size_t kFormBytes = 200;
constexpr int kProcesses = 3;
constexpr int kThreads = 4;

using Pair = std::pair<std::string, std::string>;

// Pairs whose sides have a value at different points, so that the choice of the points decides.
const Pair kHangOnPoints[] = {
    {"\\log_ac", "\\log_ab\\cdot\\log_bc"}, {"\\frac{\\ln c}{\\ln a}", "\\log_ab\\cdot\\log_bc"}, {"\\ln(ab)", "\\ln a+\\ln b"}, {"\\sqrt{ab}", "\\sqrt a\\sqrt b"},
    {"\\ln(abc)", "\\ln a+\\ln b+\\ln c"},  {"2\\ln(xy)", "\\ln(x^2y^2)"},                        {"\\arcsin(\\sin x)", "x"},      {"\\sqrt{x-y}\\sqrt{x+y}", "\\sqrt{x^2-y^2}"},
    {"x^{\\ln y}", "y^{\\ln x}"},           {"(x^y)^z", "x^{yz}"},                                {"|x|+|y|", "|x+y|"},            {"\\lfloor x\\rfloor+\\lfloor y\\rfloor", "\\lfloor x+y\\rfloor"},
    {"\\max(x,y,z)", "\\max(x,y)"},         {"\\arctan x+\\arctan\\frac1x", "\\frac{\\pi}{2}"},  {"\\sqrt[4]{x^4y^4}", "|xy|"},   {"\\frac{a^3-b^3}{a-b}", "a^2+ab+b^2"},
};

std::vector<Pair> MixedPairs() {
  std::vector<Pair> pairs(std::begin(kHangOnPoints), std::end(kHangOnPoints));
  size_t rows = 0;
  for (const std::string& file : FamilyFiles("tests/golden/reward/rows")) {
    const absl::StatusOr<Family> family = ReadFamily(file);
    if (!family.ok()) continue;
    for (const Row& row : family->rows) {
      if (!row.setting.has_value() && rows++ % kEveryNth == 0) pairs.emplace_back(row.gold, row.answer);
    }
  }
  return pairs;
}

// Both ways round.
std::vector<CheckInput> ChecksOf(const std::vector<Pair>& pairs) {
  std::vector<CheckInput> checks;
  for (const auto& [gold, answer] : pairs) {
    for (const bool swapped : {false, true}) {
      CheckInput check;
      check.gold = swapped ? answer : gold;
      check.completion = swapped ? gold : answer;
      check.explain = true;
      checks.push_back(check);
    }
  }
  return checks;
}

// Everything that was decided, but for the time that it took. Workers cut very long forms off.
std::string Said(const CheckInput& check, const CheckOutcome& outcome) {
  return absl::StrCat(std::string(check.gold), " :: ", std::string(check.completion), " -> ", v1::Verdict_Name(outcome.verdict), " ", v1::Method_Name(outcome.method), " ", outcome.rule, " | ",
                      outcome.gold_canonical.substr(0, kFormBytes), " | ", outcome.answer_canonical.substr(0, kFormBytes), "\n");
}

std::string InThisThread(const std::vector<CheckInput>& checks) {
  std::string all;
  for (const CheckInput& check : checks) all += Said(check, RunCheck(check));
  return all;
}

// What one worker process says; in reverse it meets the checks from the last to the first.
std::string InAFreshProcess(sandbox::Zygote& zygote, std::vector<CheckInput> checks, bool reverse) {
  metrics::Registry registry;
  PoolMetrics metrics(registry);
  WorkerPool::Options options;
  options.check_deadline = absl::Seconds(60);
  auto pool = WorkerPool::Start(zygote, metrics, options);
  if (!pool.ok()) return pool.status().ToString();
  if (reverse) std::reverse(checks.begin(), checks.end());
  absl::Notification done;
  std::vector<CheckOutcome> outcomes;
  (*pool)->SubmitWhenRoom(std::make_shared<Job>(checks, [&](std::vector<CheckOutcome> result) {
    outcomes = std::move(result);
    done.Notify();
  }));
  done.WaitForNotification();
  std::vector<std::string> lines;
  for (size_t i = 0; i < checks.size(); ++i) lines.push_back(Said(checks[i], outcomes[i]));
  if (reverse) std::reverse(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

TEST(RepeatTest, FreshProcessesAndThreadsSayTheSame) {
  const std::vector<Pair> pairs = MixedPairs();
  ASSERT_GE(pairs.size(), 300u);
  const std::vector<CheckInput> checks = ChecksOf(pairs);
  std::vector<std::unique_ptr<sandbox::Zygote>> zygotes;  // Before the first thread.
  for (int i = 0; i < kProcesses; ++i) {
    auto zygote = ForkZygote({});
    ASSERT_OK(zygote);
    zygotes.push_back(*std::move(zygote));
  }
  const std::string expected = InThisThread(checks);
  for (int i = 0; i < kProcesses; ++i) EXPECT_EQ(InAFreshProcess(*zygotes[i], checks, i % 2 == 1), expected) << "process " << i;
  std::vector<std::string> said(kThreads);
  {
    std::vector<sync::Thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back("repeat", [&, i] { said[i] = InThisThread(checks); });
  }
  for (int i = 0; i < kThreads; ++i) EXPECT_EQ(said[i], expected) << "thread " << i;
}

TEST(RepeatTest, ALogarithmHasAPositiveBase) {
  const std::vector<Pair> pairs = {kHangOnPoints[0], kHangOnPoints[1]};
  for (const CheckInput& check : ChecksOf(pairs)) EXPECT_EQ(RunCheck(check).verdict, v1::VERDICT_CORRECT) << check.gold;
}

}  // namespace
}  // namespace cohort::reward
