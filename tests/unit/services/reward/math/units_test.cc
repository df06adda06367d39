#include "services/reward/math/units.h"

#include "gtest/gtest.h"

namespace cohort::reward::math {
namespace {

TEST(UnitsTest, PrefixesAndNamesGiveTheSameUnit) {
  ASSERT_NE(FindUnit("km"), nullptr);
  EXPECT_EQ(FindUnit("km")->scale, Rational(1000));
  EXPECT_EQ(FindUnit("kilometers")->scale, Rational(1000));
  EXPECT_EQ(FindUnit("厘米")->scale, Rational(1, 100));
  EXPECT_EQ(FindUnit("Miles")->dimension, FindUnit("m")->dimension);
  EXPECT_EQ(FindUnit("apple"), nullptr);
}

TEST(UnitsTest, CaseTellsSymbolsApart) {
  EXPECT_EQ(FindUnit("MB")->scale, Rational(8'000'000));
  EXPECT_EQ(FindUnit("mb"), nullptr);
  EXPECT_NE(FindUnit("mN")->scale, FindUnit("MN")->scale);
}

TEST(UnitsTest, ThingsAreTheirOwnUnitInSingularAndPlural) {
  EXPECT_EQ(UnitOrThing("apples").dimension, UnitOrThing("apple").dimension);
  EXPECT_NE(UnitOrThing("apples").dimension, UnitOrThing("oranges").dimension);
}

TEST(UnitsTest, PowersOfBaseUnitsAddUpAndVanish) {
  const Dimension metre = FindUnit("m")->dimension, second = FindUnit("s")->dimension;
  const Dimension speed = Multiplied(metre, second, -1);
  EXPECT_EQ(speed, FindUnit("mph")->dimension);
  EXPECT_EQ(Multiplied(speed, second, 1), metre);
  EXPECT_TRUE(Multiplied(metre, metre, -1).empty());
}

TEST(UnitsTest, MoneyIsMoneyOfOneCurrency) {
  EXPECT_TRUE(IsMoney(FindUnit("cents")->dimension));
  EXPECT_NE(FindUnit("dollars")->dimension, FindUnit("euros")->dimension);
  EXPECT_FALSE(IsMoney(FindUnit("m")->dimension));
}

}  // namespace
}  // namespace cohort::reward::math
