#include "common/reward/format/characters.h"

#include <string>

#include "common/reward/format/imitations.h"
#include "common/reward/format/placeholders.h"
#include "common/reward/format/utf8.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using std::string_literals::operator""s;

TEST(CleanTextTest, TakesTextInAnyScriptWithTabsAndNewlines) {
  for (const char* text : {"", "plain ascii, longer than eight bytes", "tab\tnewline\nreturn\r", "größer ∑ 中文 😀", "12345678", "a\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsCleanText(text)) << text;
  }
}

TEST(CleanTextTest, RefusesBytesThatAreNotUtf8) {
  for (const std::string& text : {"\x80"s, "\xC3"s, "a\xC3(b"s, "\xC0\xAF"s, "\xC1\xBF"s, "\xE0\x80\xAF"s, "\xED\xA0\x80"s, "\xF0\x80\x80\xAF"s,
                                  "\xF4\x90\x80\x80"s, "\xF8\x88\x80\x80\x80"s, "\xFF"s, "12345678\xFE"s, "\xE2\x82"s}) {
    EXPECT_FALSE(IsCleanText(text)) << testing::PrintToString(text);
  }
}

TEST(CleanTextTest, RefusesEveryControlCharacterButTabNewlineAndReturnAtEveryPlace) {
  for (char c = 0; c < 0x20; ++c) {
    const bool wanted = c == '\t' || c == '\n' || c == '\r';
    for (size_t place = 0; place < 20; ++place) {
      std::string text(20, 'x');
      text[place] = c;
      EXPECT_EQ(IsCleanText(text), wanted) << int{c} << " at " << place;
    }
  }
}

TEST(CleanTextTest, RefusesBidirectionalControlsAndOnlyThese) {
  for (const char* text : {"\u202A", "\u202E", "a\u2066b", "\u2069"}) EXPECT_FALSE(IsCleanText(text));
  for (const char* text : {"\u2029", "\u202F", "\u2065", "\u206A", "\u200F"}) EXPECT_TRUE(IsCleanText(text));
}

TEST(CharactersTest, CountsOnlyWhatCanBeSeen) {
  EXPECT_EQ(CountVisible(" \t\n\u00A0\u3000\u2003", 100), 0u);
  EXPECT_EQ(CountVisible("\u200B\u200D\uFEFF\u2060\u00AD\uFE0F\U000E0041", 100), 0u);
  EXPECT_EQ(CountVisible(" a \u200B b ", 100), 2u);
  EXPECT_EQ(CountVisible("abc", 2), 2u) << "no further than asked for";
}

TEST(CharactersTest, TrimsWhiteSpaceOfAnyWidthFromBothEndsOnly) {
  const std::string text = "\u3000 a b \n\u00A0";
  EXPECT_EQ(TrimWhitespace(text, {0, text.size()}).In(text), "a b");
  EXPECT_TRUE(TrimWhitespace(" \n ", {0, 3}).empty());
  EXPECT_FALSE(IsBlank("\u200B"));
  EXPECT_TRUE(IsBlank(" \u2028 "));
}

TEST(CharactersTest, KnowsTheLetterThatAnotherScriptOrStyleImitates) {
  struct Case {
    char32_t character;
    char ascii;
  };
  for (const auto& [character, ascii] : {Case{U'T', 't'}, Case{U'т', 't'}, Case{U'Τ', 't'}, Case{U'һ', 'h'}, Case{U'і', 'i'}, Case{U'ı', 'i'},
                                         Case{U'п', 'n'}, Case{U'к', 'k'}, Case{U'κ', 'k'}, Case{U'K', 'k'}, Case{U'а', 'a'}, Case{U'ѕ', 's'},
                                         Case{U'ſ', 's'}, Case{U'ԝ', 'w'}, Case{U'е', 'e'}, Case{U'г', 'r'}, Case{U'ｔ', 't'}, Case{U'𝐭', 't'},
                                         Case{U'𝚔', 'k'}, Case{U'𝛂', 'a'}, Case{U'ⓐ', 'a'}, Case{U'🄰', 'a'}, Case{U'ᴀ', 'a'}, Case{U'＜', '<'},
                                         Case{U'〈', '<'}, Case{U'›', '>'}, Case{U'／', '/'}, Case{U'⁄', '/'}, Case{U'é', 'e'},
                                         Case{U'ñ', 'n'}, Case{U'ὴ', 'n'}, Case{U'Ḳ', 'k'}, Case{U'Ꭲ', 't'}, Case{U'𝓚', 'k'}}) {
    EXPECT_EQ(Imitated(character), ascii) << std::hex << static_cast<uint32_t>(character);
  }
  for (const char32_t character : {U'1', U' ', U'中', U'ç', U'д', U'λ', U'∑', U'≤', U'가'}) EXPECT_EQ(Imitated(character), 0);
}

TEST(CharactersTest, KnowsTheCharactersThatStandForTwoLetters) {
  EXPECT_EQ(ImitatedDigraph(U'㏌'), "in");
  EXPECT_EQ(ImitatedDigraph(U'㎱'), "ns");
  EXPECT_EQ(ImitatedDigraph(U'i'), "");
}

TEST(PlaceholderTest, KnowsTheTemplatesOwnWordsAndDots) {
  for (const char* text : {"reasoning process here", " Reasoning  process\nhere ", "[thinking process here]", "...", "…", ". . .", "answer here",
                           "reasoning process here.", "**Your answer here**"}) {
    EXPECT_TRUE(IsPlaceholder(text)) << text;
  }
}

TEST(PlaceholderTest, LeavesRealTextAlone) {
  for (const char* text : {"", " ", "5", "()", "{}", "my reasoning process here is short", "the answer here", "1...2", "reasoning process here 2"}) {
    EXPECT_FALSE(IsPlaceholder(text)) << text;
  }
}

TEST(ValidUtf8Test, ReplacesOnlyBytesThatAreNotUtf8) {
  EXPECT_EQ(ValidUtf8("größer ∑ 😀"), "größer ∑ 😀");
  EXPECT_EQ(ValidUtf8("a\xFF\xC3z\xE2\x88"), "a??z??");
  EXPECT_EQ(ValidUtf8(""), "");
}

}  // namespace
}  // namespace cohort::reward
