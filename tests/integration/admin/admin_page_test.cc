// The live page of a real run in headless Chromium: what a person sees, not what the server sends.
#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/process/child_process.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_program.h"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

// How often `part` stands in `text`.
int Count(const std::string& text, const std::string& part) { return static_cast<int>(std::vector<std::string>(absl::StrSplit(text, part)).size()) - 1; }

class AdminPageTest : public ::testing::Test {
 protected:
  // A browser that has shown the page for three of its seconds: the document as it then was, and what the page's script had to complain about.
  struct Seen {
    std::string document;
    std::string complaints;
  };
  Seen Look(const std::string& address) {
    TempDir directory;
    process::ChildProcess::Options options;
    options.command = {"/bin/sh", "-c", "exec \"$@\" 2>\"$0\"", directory / "errors", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                       "--disable-dev-shm-usage", "--enable-logging=stderr", absl::StrCat("--user-data-dir=", directory / "profile"),
                       "--virtual-time-budget=3000", "--dump-dom", absl::StrCat("http://", address, "/")};
    options.log_file = directory / "document";
    auto browser = process::ChildProcess::Start(std::move(options));
    EXPECT_OK(browser);
    if (!browser.ok()) return {};
    EXPECT_THAT((*browser)->Wait(Within(60)), IsOkAndHolds(0)) << "is chromium installed?";
    // Up to the script, which is no part of what is seen.
    const std::string document = io::ReadFile(directory / "document").value_or("");
    Seen seen{document.substr(0, document.find("<script>")), ""};
    const std::string errors = io::ReadFile(directory / "errors").value_or("");
    for (const auto line : absl::StrSplit(errors, '\n')) {
      if (absl::StrContains(line, "CONSOLE")) absl::StrAppend(&seen.complaints, line, "\n");
    }
    return seen;
  }
};

TEST_F(AdminPageTest, ShowsARunAsItIsAndFollowsIt) {
  TrainingRun run({"run.steps=100000"});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(6, Within(60)));
  ASSERT_OK_AND_ASSIGN(const std::string endpoint, io::ReadFile(run.Path("launch/cohort-admin.json")));
  const std::string page = nlohmann::json::parse(endpoint)["web"];

  const Seen training = Look(page);
  EXPECT_EQ(training.complaints, "");
  EXPECT_THAT(training.document, AllOf(HasSubstr("<title>short – Cohort</title>"), HasSubstr("role=\"alert\"></div>"), HasSubstr("class=\"soft\">training<")));
  EXPECT_EQ(Count(training.document, "<polyline"), 8) << "four curves, each raw and smoothed: " << training.document;
  EXPECT_THAT(training.document, AllOf(HasSubstr("<td>cohort-rollout-0</td>"), HasSubstr("<td>cohort-rollout-1</td>"), ContainsRegex("bottleneck: [a-z]")));
  EXPECT_THAT(training.document, ContainsRegex("<td class=\"(CORRECT|INCORRECT)\">"));
  EXPECT_THAT(training.document, HasSubstr("&lt;/think&gt;")) << "a sample's tags are text";
  EXPECT_THAT(training.document, Not(AnyOf(HasSubstr("NaN"), HasSubstr("undefined"), HasSubstr("[object"))));

  ASSERT_EQ(RunCli({"run", "pause", "--endpoint", run.Path("")}).exit_code, 0);
  EXPECT_THAT(Look(page).document, HasSubstr(", paused"));

  const auto learners = run.Children()["cohort-learner"];
  ASSERT_EQ(learners.size(), 1u);
  kill(learners[0], SIGSTOP);
  const Seen silent = Look(page);
  kill(learners[0], SIGCONT);
  EXPECT_THAT(silent.document, AllOf(ContainsRegex("role=\"alert\">[^<]*learner"), HasSubstr("<td>cohort-rollout-0</td>")));

  run.launcher().Signal(SIGINT);
  ASSERT_OK(run.Wait(Within(60)));
}

}  // namespace
}  // namespace cohort::testing
