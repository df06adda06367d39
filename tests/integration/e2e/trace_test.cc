// One id finds one group's story in every service.
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

std::string Content(const std::string& path) {
  auto content = io::ReadFile(path);
  EXPECT_OK(content);
  return content.ok() ? *content : "";
}

// What all workers of the run have logged.
std::string WorkerLogs(const TrainingRun& run) {
  return absl::StrCat(Content(run.Path("logs/cohort-rollout-0.log")), Content(run.Path("logs/cohort-rollout-1.log")));
}

// The trace ids in entries of a log that say `what`.
std::set<std::string> TracesOf(const std::string& log, const std::string& what) {
  std::set<std::string> ids;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    const size_t tag = line.find(" trace=");
    if (absl::StrContains(line, what) && tag != absl::string_view::npos) ids.emplace(line.substr(tag + 7));
  }
  return ids;
}

// Trace id of each group by the learner's ledger.
std::map<std::string, std::string> Ledger(const TrainingRun& run) {
  std::map<std::string, std::string> ids;
  for (const absl::string_view line : absl::StrSplit(Content(run.Path("ledger.jsonl")), '\n', absl::SkipEmpty())) {
    const json entry = json::parse(std::string(line));
    ids[entry["group_id"]] = entry["trace_id"];
  }
  return ids;
}

TEST(TraceTest, AGroupThatTheRewardServiceFailsOnHasOneIdInAllLogsAndInTheLedger) {
  // Completions with this text end the sandboxed worker that looks at them.
  setenv("COHORT_FAULTS", "reward:die_on=wait", 1);
  TrainingRun run({"run.steps=2", "run.seed=7"});
  ASSERT_OK(run.Start({"--no-eval"}));
  const auto code = run.Wait(Within(200));
  unsetenv("COHORT_FAULTS");
  ASSERT_THAT(code, IsOkAndHolds(0)) << run.Output();

  const std::map<std::string, std::string> ledger = Ledger(run);
  ASSERT_THAT(ledger, SizeIs(16));
  std::map<std::string, std::string> groups;  // By trace id.
  for (const auto& [group, id] : ledger) groups[id] = group;
  EXPECT_THAT(groups, SizeIs(16)) << "two groups share a trace";

  const std::string workers = WorkerLogs(run);
  const std::set<std::string> failed = TracesOf(Content(run.Path("logs/cohort-reward.log")), "ended its worker");
  ASSERT_FALSE(failed.empty()) << Content(run.Path("logs/cohort-reward.log"));
  for (const std::string& id : failed) {
    ASSERT_EQ(groups.count(id), 1u) << id << " is in the log of the reward service only";
    EXPECT_THAT(workers, ContainsRegex(absl::StrCat(groups[id], ": the reward service failed on [0-9]+ of 4 .*trace=", id)));
  }
}

}  // namespace
}  // namespace cohort::testing
