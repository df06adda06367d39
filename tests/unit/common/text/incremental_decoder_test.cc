#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/unit/common/text/fixtures.h"

namespace cohort::text {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The pieces that pushing `ids` one by one hands out, and at the end the rest.
std::vector<std::string> Pieces(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  IncrementalDecoder decoder(tokenizer);
  std::vector<std::string> pieces;
  for (const int32_t id : ids) {
    auto piece = decoder.Push(id);
    EXPECT_OK(piece);
    pieces.push_back(*std::move(piece));
  }
  auto rest = decoder.Finish();
  EXPECT_OK(rest);
  pieces.push_back(*std::move(rest));
  return pieces;
}

std::string Joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const auto& piece : pieces) text += piece;
  return text;
}

// Whether `text` is whole UTF-8 characters.
bool IsWhole(const std::string& text) {
  int pending = 0;
  for (const unsigned char c : text) {
    if ((c & 0xC0) == 0x80) {
      if (--pending < 0) return false;
    } else {
      if (pending != 0) return false;
      pending = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
    }
  }
  return pending == 0;
}

class IncrementalDecoderAgreementTest : public ::testing::TestWithParam<const char*> {};

TEST_P(IncrementalDecoderAgreementTest, PiecesJoinToTheWholeTextAndNoneSplitsACharacter) {
  const auto tokenizer = LoadFixture(GetParam());
  for (const Expected& row : LoadExpected(GetParam())) {
    const auto pieces = Pieces(*tokenizer, row.ids);
    EXPECT_EQ(Joined(pieces), row.decoded);
    for (const auto& piece : pieces) EXPECT_TRUE(IsWhole(piece)) << "in " << row.text;
  }
}

INSTANTIATE_TEST_SUITE_P(All, IncrementalDecoderAgreementTest, ::testing::Values("byte_bpe", "words", "fallback"),
                         [](const auto& info) { return std::string(info.param); });

TEST(IncrementalDecoderTest, AnEmojiAppearsWithItsLastToken) {
  const auto tokenizer = LoadFixture("byte_bpe");
  ASSERT_OK_AND_ASSIGN(const auto ids, tokenizer->Encode("😀!", false));
  ASSERT_EQ(ids.size(), 5) << "the fixture spreads the emoji over four tokens";
  EXPECT_THAT(Pieces(*tokenizer, ids), ElementsAre("", "", "", "😀", "!", ""));
}

TEST(IncrementalDecoderTest, ACharacterThatIsNeverFinishedComesOutAsReplacementAtTheEnd) {
  const auto tokenizer = LoadFixture("byte_bpe");
  ASSERT_OK_AND_ASSIGN(auto ids, tokenizer->Encode("a😀", false));
  ids.pop_back();
  EXPECT_THAT(Pieces(*tokenizer, ids), ElementsAre("a", "", "", "", "\uFFFD"));
}

TEST(IncrementalDecoderTest, BytesOfACharacterAreDecodedAsOneRun) {
  const auto tokenizer = LoadFixture("fallback");
  ASSERT_OK_AND_ASSIGN(const auto ids, tokenizer->Encode("a😀😀b", false));
  const auto pieces = Pieces(*tokenizer, ids);
  EXPECT_EQ(Joined(pieces), "a😀😀b");
  EXPECT_EQ(pieces[pieces.size() - 2], "😀😀b");
}

TEST(IncrementalDecoderTest, LongCompletionsComeOutWhole) {
  const auto tokenizer = LoadFixture("byte_bpe");
  std::string text;
  for (int i = 0; i < 100; ++i) text += "so the naïve answer 😀 is 日本 " + std::to_string(i) + "  \n";
  ASSERT_OK_AND_ASSIGN(const auto ids, tokenizer->Encode(text, false));
  EXPECT_EQ(Joined(Pieces(*tokenizer, ids)), text);
  const auto fallback = LoadFixture("fallback");
  std::string letters;
  for (int i = 0; i < 200; ++i) letters += "a b é日 ";
  ASSERT_OK_AND_ASSIGN(const auto pieces, fallback->Encode(letters, false));
  EXPECT_EQ(Joined(Pieces(*fallback, pieces)), letters);
}

TEST(IncrementalDecoderTest, SpecialTokensAddNothing) {
  const auto tokenizer = LoadFixture("words");
  EXPECT_THAT(Pieces(*tokenizer, {1, 6, 11, 7, 2}), ElementsAre("", "<think>", "0", "</think>", "", ""));
}

TEST(IncrementalDecoderTest, AnIdWithoutATokenAddsNothing) {
  const auto tokenizer = LoadFixture("words");
  IncrementalDecoder decoder(*tokenizer);
  EXPECT_THAT(decoder.Push(11), IsOkAndHolds("0"));
  EXPECT_THAT(decoder.Push(99), IsOkAndHolds(""));
  EXPECT_THAT(decoder.Push(-1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1 is no token")));
  EXPECT_THAT(decoder.Push(12), IsOkAndHolds("1"));
}

TEST(IncrementalDecoderTest, AfterTheEndItBeginsAnew) {
  const auto tokenizer = LoadFixture("fallback");
  IncrementalDecoder decoder(*tokenizer);
  ASSERT_OK_AND_ASSIGN(const auto ids, tokenizer->Encode("b", false));
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(decoder.Push(ids[0]), IsOkAndHolds("b"));
    EXPECT_THAT(decoder.Finish(), IsOkAndHolds(""));
  }
}

}  // namespace
}  // namespace cohort::text
