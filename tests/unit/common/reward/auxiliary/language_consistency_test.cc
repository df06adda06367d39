#include "common/reward/auxiliary/language_consistency.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

double English(const std::string& text) { return LanguageConsistency(text, v1::LANGUAGE_ENGLISH); }
double Chinese(const std::string& text) { return LanguageConsistency(text, v1::LANGUAGE_CHINESE); }

TEST(LanguageConsistencyTest, IsTheShareOfWordsInTheLanguage) {
  EXPECT_EQ(English("we add the two numbers"), 1);
  EXPECT_EQ(English("we add 两个"), 0.5);
  EXPECT_EQ(Chinese("we add 两个"), 0.5);
  EXPECT_EQ(Chinese("我们把两个数相加"), 1);
  EXPECT_EQ(English("мы складываем числа"), 0);
}

TEST(LanguageConsistencyTest, KnowsEveryLanguageByItsScript) {
  struct Case {
    v1::Language language;
    const char* text;
  };
  for (const auto& [language, text] :
       {Case{v1::LANGUAGE_JAPANESE, "二つの数をたす"}, Case{v1::LANGUAGE_KOREAN, "두 수를 더한다"}, Case{v1::LANGUAGE_RUSSIAN, "сложим два числа"},
        Case{v1::LANGUAGE_GREEK, "προσθέτουμε δύο αριθμούς"}, Case{v1::LANGUAGE_ARABIC, "نجمع العددين"}, Case{v1::LANGUAGE_HEBREW, "נחבר שני מספרים"},
        Case{v1::LANGUAGE_HINDI, "दो संख्याएँ जोड़ें"}, Case{v1::LANGUAGE_BENGALI, "দুটি সংখ্যা যোগ"}, Case{v1::LANGUAGE_TAMIL, "இரண்டு எண்கள்"},
        Case{v1::LANGUAGE_TELUGU, "రెండు సంఖ్యలు"}, Case{v1::LANGUAGE_THAI, "บวกสองจำนวน"}, Case{v1::LANGUAGE_GEORGIAN, "შევკრიბოთ რიცხვები"},
        Case{v1::LANGUAGE_ARMENIAN, "գումարենք թվերը"}}) {
    EXPECT_EQ(LanguageConsistency(text, language), 1) << text;
    EXPECT_EQ(English(text), 0) << text;
  }
}

TEST(LanguageConsistencyTest, NumbersCodeAndMathematicsAreNeutral) {
  EXPECT_EQ(Chinese("所以 x = 42 + y, $\\frac{abc}{def}$ 和 \\(some words\\)"), 1);
  EXPECT_EQ(Chinese("代码 ```python\nprint(value)\n``` 和 `name`"), 1);
  EXPECT_EQ(Chinese("\\frac12 的 sin 与 log"), 1);
  EXPECT_EQ(Chinese("<think>好</think>"), 1);
  EXPECT_EQ(English("设 $x$ so $y$ 为"), 1.0 / 3);
}

TEST(LanguageConsistencyTest, AFormulaWithoutAnEndIsText) {
  EXPECT_EQ(Chinese("价格 $ five"), 2.0 / 3);
  EXPECT_EQ(Chinese("a < b 好 words"), 0.5);
}

TEST(LanguageConsistencyTest, NothingIsEarnedWithoutWords) {
  EXPECT_EQ(English(""), 0);
  EXPECT_EQ(English("1 + 1 = 2"), 0);
  EXPECT_EQ(English("$all of it$"), 0);
}

TEST(LanguageConsistencyTest, TakesTimeLinearInOpeningsWithoutAnEnd) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "\\( <` ";  // A quadratic search would not end within the test's time limit.
  EXPECT_EQ(English(text), 0);
}

}  // namespace
}  // namespace cohort::reward
