#include "services/cli/report/report.h"

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/cli/report/axis.h"
#include "services/cli/report/html.h"
#include "services/cli/report/report_command.h"

namespace cohort::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

RunData SmallRun() {
  RunData run;
  run.name = "small";
  run.config_yaml = "rollout:\n  max_new_tokens: 64\n";
  for (int step = 0; step < 40; ++step) {
    learner::v1::StepRecord record;
    record.set_step(step);
    record.set_accuracy(0.2 + 0.02 * step);
    record.set_length_mean(17 + step);
    for (int bin = 0; bin < 20; ++bin) record.add_length_histogram(bin == step / 3 ? 200 : 1);
    run.steps.push_back(record);
  }
  run.summary = {{"before", {{"accuracy", 0.19}, {"format", 0.33}, {"mean_length", 17.0}, {"self_check", 0.28}}},
                 {"after", {{"accuracy", 0.95}, {"format", 0.99}, {"mean_length", 33.0}, {"self_check", 0.96}}},
                 {"self_check_words", {"wait"}}};
  return run;
}

TEST(EscapeHtmlTest, LeavesNothingThatABrowserWouldTakeForMarkup) {
  EXPECT_EQ(EscapeHtml("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
  EXPECT_EQ(EscapeHtml("caf\xC3\xA9 \xE2\x9C\x93"), "caf\xC3\xA9 \xE2\x9C\x93");
}

TEST(EscapeHtmlTest, ReplacesBytesThatAreNotUtf8AndControlCharacters) {
  EXPECT_EQ(EscapeHtml(std::string("a\xFF\x80z", 4)), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(EscapeHtml(std::string("a\0\x1B\n", 4)), "a\xEF\xBF\xBD\xEF\xBF\xBD\n");
  EXPECT_EQ(EscapeHtml("\xE2\x9C"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "a character that was cut off";
}

TEST(HumanNumberTest, KeepsThreeDigitsAndSetsThousandsApart) {
  EXPECT_EQ(HumanNumber(1234567), "1,234,567");
  EXPECT_EQ(HumanNumber(12.345), "12.3");
  EXPECT_EQ(HumanNumber(0.01234), "0.0123");
  EXPECT_EQ(HumanNumber(-2.5), "−2.50");
  EXPECT_EQ(HumanNumber(NAN), "–");
}

TEST(AxisTest, TicksStandAtRoundValuesThatEncloseTheData) {
  const Axis axis = Axis::Nice(0, 1.83, 100, 0, 4);
  EXPECT_THAT(axis.ticks(), ElementsAre(0, 0.5, 1, 1.5, 2));
  EXPECT_DOUBLE_EQ(axis.Pixel(0), 100);
  EXPECT_DOUBLE_EQ(axis.Pixel(2), 0);
}

TEST(AxisTest, AQuantityThatNeverChangesStillHasAnAxis) {
  const Axis axis = Axis::Nice(0, 0, 100, 0, 4);
  EXPECT_GT(axis.high(), axis.low());
  EXPECT_FALSE(axis.ticks().empty());
}

TEST(ReportTest, ShowsOutcomeCurvesAndDistributionsOfARun) {
  const std::string html = RenderReport(SmallRun());
  EXPECT_THAT(html, AllOf(HasSubstr("Before and after"), HasSubstr("95.0 %"), HasSubstr("19.0 %"), HasSubstr("×1.94"), HasSubstr("<polyline"),
                          HasSubstr("Sampler against learner"), HasSubstr("Completion lengths over training"), HasSubstr("class=\"cell\"")));
}

TEST(ReportTest, IsSelfContained) {
  const std::string html = RenderReport(SmallRun());
  for (const char* outside : {"http://", "https://", "<link", "<img", "src=", "@import", "url("}) EXPECT_THAT(html, Not(HasSubstr(outside)));
}

TEST(ReportTest, TextOfAModelCannotBecomeMarkup) {
  RunData run = SmallRun();
  const std::string hostile = "</pre><script>alert(1)</script><img onerror=x> wait \"'";
  run.samples = {{.step = 3, .prompt = hostile, .gold_answer = hostile, .text = hostile, .verdict = hostile, .reward = 1}};
  run.name = run.directory = run.config_yaml = hostile;
  run.summary["base_model"] = hostile;
  GradedCompletion completion;
  completion.text = completion.answer = completion.verdict = hostile;
  run.before.emplace();
  run.before->prompts = {hostile};
  run.before->sampled = {completion};
  run.after = run.before;

  const std::string html = RenderReport(run);
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script>alert")), Not(HasSubstr("<img")), Not(HasSubstr("</pre><script")), HasSubstr("&lt;script&gt;alert(1)")));
  EXPECT_THAT(html, HasSubstr("<mark>wait</mark>"));
}

TEST(ReportTest, ARunWithoutAnyFinishedStepStillRenders) {
  RunData run;
  run.name = "empty";
  EXPECT_THAT(RenderReport(run), HasSubstr("empty"));
}

TEST(RunDataTest, ReadsStepsInOrderAndTakesTheLastRecordOfARepeatedStep) {
  testing::TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "steps.jsonl",
                                    "{\"step\":\"1\",\"accuracy\":0.5}\n{\"step\":0,\"accuracy\":0.1,\"a_later_field\":1}\n{\"step\":1,\"accuracy\":0.75}\n{\"st"));
  ASSERT_OK_AND_ASSIGN(const RunData run, LoadRunData(directory.path()));
  ASSERT_EQ(run.steps.size(), 2u) << "the last line was cut off by a kill and is left out";
  EXPECT_DOUBLE_EQ(run.steps[0].accuracy(), 0.1);
  EXPECT_DOUBLE_EQ(run.steps[1].accuracy(), 0.75);
}

TEST(RunDataTest, ADamagedLineInTheMiddleIsNamed) {
  testing::TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "steps.jsonl", "{\"step\":0}\nrubbish\n{\"step\":1}\n"));
  EXPECT_THAT(LoadRunData(directory.path()), testing::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("steps.jsonl:2")));
}

TEST(RunDataTest, ADirectoryWithoutARunIsNotFound) {
  testing::TempDir directory;
  EXPECT_THAT(WriteReport(directory.path(), ""), testing::StatusIs(absl::StatusCode::kNotFound, HasSubstr(directory.path())));
}

TEST(RunDataTest, TheReportIsWrittenBesideTheRun) {
  testing::TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "steps.jsonl", "{\"step\":0}\n"));
  ASSERT_OK_AND_ASSIGN(const std::string path, WriteReport(directory.path(), ""));
  ASSERT_OK_AND_ASSIGN(const std::string html, io::ReadFile(path));
  EXPECT_THAT(html, HasSubstr("<!doctype html>"));
}

}  // namespace
}  // namespace cohort::cli
