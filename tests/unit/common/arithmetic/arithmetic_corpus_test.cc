#include "common/arithmetic/arithmetic_corpus.h"

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/testing/status_matchers.h"

namespace cohort::arithmetic {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr int kDraws = 20'000;

TEST(ArithmeticCorpusTest, FirstDocumentsOfASeedNeverChange) {
  ArithmeticCorpus corpus({}, 1);
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const Document document = corpus.Next();
    absl::StrAppend(&text, document.prompt, document.completion, "\n");
  }
  EXPECT_EQ(text, 
            "User: 600 - 487\n"
            "Assistant: <think>hmm easy 113, so the answer is 113\n"
            "User: 96 - 16\n"
            "Assistant: <think>easy 80 wait ones 6 - 6 = 0, tens 9 - 1 = 8; <answer>80</answer>\n"
            "User: 17 + 76\n"
            "Assistant: <think>easy 95 wait ones 7 + 6 = 13, tens 1 + 7 + 1 = 9; so the answer is 93\n"
            "User: 897 + 459\n"
            "Assistant: <think>easy 1246 wait ones 7 + 9 = 16, tens 9 + 5 + 1 = 15, hundreds 8 + 4 + 1 = 13; </think>1356 done\n");
}

TEST(ArithmeticCorpusTest, EveryDocumentHasOneOfTheSixShapes) {
  const std::string number = "[0-9]+";
  const std::string step = "(ones|tens|hundreds) [0-9]+ [+-] [0-9]( [+-] 1)? = [0-9]+";
  const std::string steps = absl::StrCat(step, "(, ", step, ")*; ");
  const std::string thinking = absl::StrCat("(easy ", number, " wait ", steps, "|(easy|guess|hmm easy) ", number, ")?");
  const std::string tagged = absl::StrCat("<answer>", number, "</answer>");
  const std::string shapes = absl::StrCat("(<think>)?", thinking, "(</think>", tagged, "|,? ?so the answer is ", number, ")|<think>", thinking, "(</think>",
                                          number, " done|", tagged, ")");
  ArithmeticCorpus corpus({}, 2);
  for (int i = 0; i < 500; ++i) {
    const Document document = corpus.Next();
    ASSERT_THAT(document.prompt, MatchesRegex("User: [0-9]+ [+-] [0-9]+\nAssistant: "));
    ASSERT_THAT(document.completion, MatchesRegex(shapes));
  }
}

TEST(ArithmeticCorpusTest, SharesAreThoseOfTheOptions) {
  ArithmeticCorpus corpus({}, 3);
  int complete = 0, waits = 0, silent = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::string text = corpus.Next().completion;
    complete += absl::StartsWith(text, "<think>") && absl::StrContains(text, "</think><answer>");
    waits += absl::StrContains(text, " wait ");
    silent += !absl::StrContains(text, "easy") && !absl::StrContains(text, "guess");
  }
  EXPECT_NEAR(complete / double{kDraws}, 0.36, 0.02);
  EXPECT_NEAR(waits / double{kDraws}, 0.31, 0.02);
  EXPECT_NEAR(silent / double{kDraws}, 0.69 * 0.2, 0.02);
}

TEST(ArithmeticCorpusTest, SaysNothingAboutHeldOutProblems) {
  ArithmeticCorpus corpus({}, 4);
  for (int i = 0; i < 2'000; ++i) {
    const std::string prompt = corpus.Next().prompt;
    const std::vector<std::string> words = absl::StrSplit(prompt, absl::ByAnyChar(" \n"));
    Problem problem{.digits = static_cast<int>(words[1].size()), .left = std::stoi(words[1]), .right = std::stoi(words[3])};
    problem.operation = words[2] == "+" ? Operation::kAddition : Operation::kSubtraction;
    ASSERT_EQ(SplitOf(problem), Split::kTraining) << prompt;
  }
}

TEST(CorpusOptionsTest, SharesThatDoNotAddUpAreAnError) {
  CorpusOptions options;
  options.shapes.complete = 0.5;
  EXPECT_THAT(options.Validate(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("add up to 1.14 instead of 1")));
}

TEST(CorpusOptionsTest, AShareOutsideZeroToOneIsNamed) {
  EXPECT_THAT(CorpusOptions{.slip_share = -0.1}.Validate(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("slip_share is -0.1")));
}

}  // namespace
}  // namespace cohort::arithmetic
