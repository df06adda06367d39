#include "common/reward/auxiliary/units.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<std::string> Units(const std::string& text) {
  std::vector<std::string> units;
  UnitReader reader(text);
  for (Unit unit; reader.Next(&unit);) units.emplace_back(unit.span.In(text));
  return units;
}

TEST(UnitsTest, WordsNumbersAndSignsStandAlone) {
  EXPECT_THAT(Units("So x1 = 42, done."), ElementsAre("So", "x", "1", "=", "42", ",", "done", "."));
  EXPECT_THAT(Units("привет, мир"), ElementsAre("привет", ",", "мир"));
  EXPECT_THAT(Units("  \n\t"), SizeIs(0));
}

TEST(UnitsTest, CharactersOfScriptsWithoutSpacesStandAlone) {
  EXPECT_THAT(Units("我们有3个x"), ElementsAre("我", "们", "有", "3", "个", "x"));
  EXPECT_THAT(Units("한국어 말"), ElementsAre("한국어", "말"));
}

TEST(UnitsTest, AChangeOfScriptEndsAWord) { EXPECT_THAT(Units("abcабв"), ElementsAre("abc", "абв")); }

TEST(UnitsTest, InvisibleCharactersDoNotEndAWord) { EXPECT_THAT(Units("a\u200Bb"), ElementsAre("a\u200Bb")); }

TEST(UnitsTest, TheLongestRunStaysWholeAndALongerOneIsCut) {
  EXPECT_THAT(Units(std::string(kMaxUnitCharacters, 'a')), SizeIs(1));
  EXPECT_THAT(Units(std::string(kMaxUnitCharacters + 1, 'a')), ElementsAre(std::string(kMaxUnitCharacters, 'a'), "a"));
  EXPECT_THAT(Units(std::string(kMaxUnitCharacters + 1, '7')), SizeIs(2));
}

TEST(UnitsTest, BytesThatAreNotUtf8AreSigns) { EXPECT_THAT(Units("a\xFF\xC3"), ElementsAre("a", "\xFF", "\xC3")); }

}  // namespace
}  // namespace cohort::reward
