#include "common/reward/format/tag_scanner.h"

#include <chrono>
#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

TEST(TagScannerTest, FindsEachTagWhereItStands) {
  const TagScan scan = ScanTags("<think>a</think> <answer>5</answer>");
  EXPECT_FALSE(scan.lookalike);
  for (const Tag tag : {Tag::kThinkOpen, Tag::kThinkClose, Tag::kAnswerOpen, Tag::kAnswerClose}) EXPECT_EQ(scan.CountOf(tag), 1);
  EXPECT_EQ(scan.PlaceOf(Tag::kThinkOpen), (Span{0, 7}));
  EXPECT_EQ(scan.PlaceOf(Tag::kThinkClose), (Span{8, 16}));
  EXPECT_EQ(scan.PlaceOf(Tag::kAnswerOpen), (Span{17, 25}));
  EXPECT_EQ(scan.PlaceOf(Tag::kAnswerClose), (Span{26, 35}));
}

TEST(TagScannerTest, CountsRepetitionsAndKeepsTheFirstPlace) {
  const TagScan scan = ScanTags("<answer>1</answer><answer>2");
  EXPECT_EQ(scan.CountOf(Tag::kAnswerOpen), 2);
  EXPECT_EQ(scan.PlaceOf(Tag::kAnswerOpen), (Span{0, 8}));
}

class LookalikeTest : public testing::TestWithParam<const char*> {};

TEST_P(LookalikeTest, IsTakenForAnImitation) { EXPECT_TRUE(ScanTags("text before " + std::string(GetParam()) + " text after").lookalike); }

INSTANTIATE_TEST_SUITE_P(Case, LookalikeTest, testing::Values("<THINK>", "<Think>", "</THINK>", "<ANSWER>", "</Answer>"));
INSTANTIATE_TEST_SUITE_P(Space, LookalikeTest,
                         testing::Values("< think >", "<think >", "< think>", "</ think>", "< /think>", "<\nthink>", "<t h i n k>", "< / answer >",
                                         "<\u00A0think>", "<answer\u3000>"));
INSTANTIATE_TEST_SUITE_P(Attribute, LookalikeTest,
                         testing::Values("<think foo>", "<think id=\"1\">", "<answer/>", "<think/>", "</think foo>", "<think=1>", "<answer:>", "<//think>",
                                         "<\\think>", "<think\n>"));
INSTANTIATE_TEST_SUITE_P(Bracket, LookalikeTest,
                         testing::Values("＜think＞", "＜think>", "<think＞", "‹think›", "〈think〉", "⟨think⟩", "《think》", "«think»", "❮answer❯", "﹤think﹥",
                                         "<／think>", "<⁄think>"));
INSTANTIATE_TEST_SUITE_P(Letter, LookalikeTest,
                         testing::Values("<thіnk>", "<тhink>", "<thinк>", "<аnswer>", "<answеr>", "<anѕwer>", "<ｔｈｉｎｋ>", "<𝐭𝐡𝐢𝐧𝐤>", "<ⓣⓗⓘⓝⓚ>", "<thınk>",
                                         "<τhιηκ>", "<thinK>", "<an\u017Fwer>", "<ᴛʜɪɴᴋ>",
                                         "<thíñk>", "<th㏌k>", "</a㎱wer>", "<thiή\u200Bk>"));
INSTANTIATE_TEST_SUITE_P(Invisible, LookalikeTest,
                         testing::Values("<th\u200Bink>", "<\u200Dthink>", "<think\uFEFF>", "<t\u00ADhink>", "<think\uFE0F>", "<thi\u0307nk>",
                                         "</\u2060answer>"));

TEST(TagScannerTest, LeavesOtherWordsAndInequalitiesAlone) {
  for (const char* text : {"<thinking>", "</thinking>", "<answers>", "<think_more>", "<think2>", "<b>bold</b>", "a < think", "think > b", "x<y and y>z",
                           "1 < 2 > 0", "<>", "< >", "</>", "<<>>", "if a<answer then", "<br/>", "<thin>", "<nswer>", "⟨u,v⟩", "《红楼梦》", "<think"}) {
    const TagScan scan = ScanTags(text);
    EXPECT_FALSE(scan.lookalike) << text;
    for (const int count : scan.count) EXPECT_EQ(count, 0) << text;
  }
}

TEST(TagScannerTest, FindsATagAtEveryOffset) {  // The scan looks at eight bytes at a time.
  for (size_t before = 0; before < 20; ++before) {
    const std::string padding(before, 'x');
    EXPECT_EQ(ScanTags(padding + "<think>" + padding).PlaceOf(Tag::kThinkOpen), (Span{before, before + 7}));
    EXPECT_TRUE(ScanTags(padding + "＜think＞" + padding).lookalike);
    EXPECT_TRUE(ScanTags(padding + "<Think>").lookalike);
  }
}

TEST(TagScannerTest, ABracketBeforeATagDoesNotHideIt) {
  EXPECT_EQ(ScanTags("<<think>").CountOf(Tag::kThinkOpen), 1);
  EXPECT_EQ(ScanTags("a < b <think>").CountOf(Tag::kThinkOpen), 1);
  EXPECT_TRUE(ScanTags("<<THINK>").lookalike);
}

TEST(TagScannerTest, TakesTimeLinearInTheText) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "<th ";  // Every bracket could begin a tag.
  text += std::string(200'000, ' ') + ">";
  EXPECT_FALSE(ScanTags(text).lookalike);  // A quadratic scan would not end within the test's time limit.
  std::string spaces = "<" + std::string(1'000'000, ' ') + "x>";
  EXPECT_FALSE(ScanTags(spaces).lookalike);
}

}  // namespace
}  // namespace cohort::reward
