#include "services/cli/progress/progress_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using ::testing::ResultOf;

ProgressState HalfDone() {
  ProgressState state;
  state.steps_total = 100;
  for (int step = 0; step < 50; ++step) {
    learner::v1::StepRecord record;
    record.set_step(step);
    record.set_step_seconds(2);
    record.set_reward_mean(1.5);
    record.set_accuracy(0.712);
    record.set_format(0.94);
    record.set_length_mean(32.1);
    record.set_kl(0.0123);
    record.set_tokens_per_second(6120);
    state.records.push_back(record);
  }
  state.elapsed_seconds = 100;
  return state;
}

TEST(ProgressTextTest, APlainLineSaysEverythingAboutAStep) {
  EXPECT_EQ(PlainLine(HalfDone()), "step 50/100  reward 1.50  accuracy 71.2%  format 94.0%  length 32.1  KL 0.0123  6,120 tokens/s  left 1:40");
}

TEST(ProgressTextTest, TheTimeLeftFollowsTheLatestSteps) {
  ProgressState state = HalfDone();
  EXPECT_DOUBLE_EQ(SecondsLeft(state), 100);
  for (size_t i = 30; i < 50; ++i) state.records[i].set_step_seconds(1);
  EXPECT_DOUBLE_EQ(SecondsLeft(state), 50);
  EXPECT_LT(SecondsLeft(ProgressState()), 0) << "nothing is known before the first step";
}

TEST(ProgressTextTest, ALiveBlockFitsEveryTerminal) {
  for (const int columns : {20, 40, 60, 80, 120, 200}) {
    EXPECT_THAT(LiveLines(HalfDone(), columns, false), Each(ResultOf([](const std::string& line) { return DisplayWidth(line); }, Le(columns))))
        << columns << " columns";
  }
}

TEST(ProgressTextTest, ALiveBlockShowsTheBarAndAllQuantities) {
  std::string block;
  for (const std::string& line : LiveLines(HalfDone(), 100, false)) block += line + "\n";
  EXPECT_THAT(block, AllOf(HasSubstr("step 50/100"), HasSubstr("━"), HasSubstr("─"), HasSubstr(" 50%"), HasSubstr("1:40, left 1:40"), HasSubstr("71.2%"),
                           HasSubstr("94.0%"), HasSubstr("32.1"), HasSubstr("0.0123"), HasSubstr("6,120")));
  EXPECT_THAT(block, Not(HasSubstr("\x1b"))) << "no colour was asked for";
}

TEST(ProgressTextTest, ALiveBlockKeepsItsNumberOfLines) {
  ProgressState empty;
  empty.steps_total = 100;
  ProgressState with_note = HalfDone();
  with_note.note = "no step has ended for 1 min 10 s";
  EXPECT_EQ(LiveLines(empty, 80, true).size(), LiveLines(with_note, 80, true).size());
}

TEST(SparklineTest, RisesWithItsValuesAndStandsLowWhenNothingChanges) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({5, 5, 5}, 8), "▁▁▁");
  EXPECT_EQ(Sparkline({}, 8), "");
  EXPECT_EQ(DisplayWidth(Sparkline(std::vector<double>(1000, 1), 12)), 12);
}

TEST(ClockTextTest, ReadsAsAClock) {
  EXPECT_EQ(ClockText(62), "1:02");
  EXPECT_EQ(ClockText(3723), "1:02:03");
}

TEST(TextTableTest, AlignsColumnsOfUnicodeText) {
  TextTable table({"", "before", "after"});
  table.Add({"naïve", "1", "22"});
  EXPECT_EQ(table.Render(0), "        before   after\n──────────────────────\nnaïve        1      22\n");
}

TEST(FitWidthTest, CutsBetweenCharacters) {
  EXPECT_EQ(FitWidth("äöüäöü", 4), "äöü…");
  EXPECT_EQ(FitWidth("äöü", 4), "äöü");
}

}  // namespace
}  // namespace cohort::cli
