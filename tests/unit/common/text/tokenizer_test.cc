#include "common/text/tokenizer.h"

#include <string>
#include <thread>
#include <vector>

#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "tests/unit/common/text/fixtures.h"

namespace cohort::text {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TokenizerAgreementTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenizerAgreementTest, EncodesAndDecodesAsThePythonPackageDoes) {
  const auto tokenizer = LoadFixture(GetParam());
  for (const Expected& row : LoadExpected(GetParam())) {
    EXPECT_THAT(tokenizer->Encode(row.text, false), IsOkAndHolds(row.ids)) << row.text;
    EXPECT_THAT(tokenizer->Decode(row.ids, true), IsOkAndHolds(row.decoded)) << row.text;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TokenizerAgreementTest, ::testing::Values("byte_bpe", "words", "fallback"),
                         [](const auto& info) { return std::string(info.param); });

TEST(TokenizerTest, AddBosTokenPutsOneInFrontWhereTokenizerJsonDoesNot) {
  const auto tokenizer = LoadFixture("byte_bpe");
  ASSERT_OK_AND_ASSIGN(auto plain, tokenizer->Encode("hello", false));
  plain.insert(plain.begin(), tokenizer->TokenId("<bos>"));
  EXPECT_THAT(tokenizer->Encode("hello", true), IsOkAndHolds(plain));
}

TEST(TokenizerTest, AddBosTokenAddsNoSecondOneWhereTokenizerJsonDoes) {
  const auto tokenizer = LoadFixture("words");
  EXPECT_THAT(tokenizer->Encode("12", true),
              IsOkAndHolds(ElementsAre(tokenizer->TokenId("<bos>"), tokenizer->TokenId("1"), tokenizer->TokenId("2"))));
}

TEST(TokenizerTest, DecodingLeavesOutSpecialTokensUnlessAskedFor) {
  const auto tokenizer = LoadFixture("byte_bpe");
  ASSERT_OK_AND_ASSIGN(auto ids, tokenizer->Encode("hello", true));
  ids.push_back(tokenizer->TokenId("<eos>"));
  EXPECT_THAT(tokenizer->Decode(ids, true), IsOkAndHolds("hello"));
  EXPECT_THAT(tokenizer->Decode(ids, false), IsOkAndHolds("<bos>hello<eos>"));
}

TEST(TokenizerTest, TokensThatOnlyTokenizerConfigMarksAreSpecialToo) {
  const auto tokenizer = LoadFixture("words");  // Its tokenizer.json has no added tokens at all.
  EXPECT_THAT(tokenizer->Decode(std::vector<int32_t>{1, 6, 11, 7, 2, 0}, true), IsOkAndHolds("<think>0</think>"));
  EXPECT_THAT(tokenizer->Decode(std::vector<int32_t>{1, 11, 2}, false), IsOkAndHolds("<bos>0<eos>"));
}

TEST(TokenizerTest, TheVocabularyIsFoundByIdAndByText) {
  const auto tokenizer = LoadFixture("words");
  EXPECT_EQ(tokenizer->vocab_size(), 21);
  EXPECT_EQ(tokenizer->TokenText(6), "<think>");
  EXPECT_EQ(tokenizer->TokenId("<think>"), 6);
  EXPECT_EQ(tokenizer->TokenText(21), "");
  EXPECT_EQ(tokenizer->TokenText(-1), "");
  EXPECT_EQ(tokenizer->TokenId("<tink>"), -1);
}

TEST(TokenizerTest, IdsWithoutATokenAreNoText) {
  const auto tokenizer = LoadFixture("words");
  EXPECT_THAT(tokenizer->Decode(std::vector<int32_t>{21, 151'935}, true), IsOkAndHolds(""));
  ASSERT_OK_AND_ASSIGN(const std::string without, tokenizer->Decode(std::vector<int32_t>{11, 12}, true));
  EXPECT_THAT(tokenizer->Decode(std::vector<int32_t>{11, 21, 12}, true), IsOkAndHolds(without));
  EXPECT_THAT(tokenizer->Decode(std::vector<int32_t>{-1}, true), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1 is no token")));
  EXPECT_THAT(tokenizer->Decode(std::vector<int32_t>{}, true), IsOkAndHolds(""));
}

TEST(TokenizerTest, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(LoadFixture("words")->Encode("1\xff", false), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not UTF-8 (at byte 1)")));
}

TEST(TokenizerTest, NulIsACharacterLikeAnyOther) {
  const auto tokenizer = LoadFixture("byte_bpe");
  const std::string text("a\0b", 3);
  ASSERT_OK_AND_ASSIGN(const auto ids, tokenizer->Encode(text, false));
  EXPECT_THAT(tokenizer->Decode(ids, true), IsOkAndHolds(text));
}

TEST(TokenizerTest, ManyThreadsMayShareOne) {
  const auto tokenizer = LoadFixture("byte_bpe");
  const auto rows = LoadExpected("byte_bpe");
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        for (const Expected& row : rows) {
          const auto ids = tokenizer->Encode(row.text, false);
          count += !ids.ok() || *ids != row.ids;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

class BrokenTokenizerTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) { ASSERT_OK(io::WriteFileAtomically(directory_ / name, content)); }
  void CopyWords() {
    ASSERT_OK_AND_ASSIGN(const std::string json, io::ReadFile(FixturePath("words/tokenizer.json")));
    Write("tokenizer.json", json);
  }
  TempDir directory_;
};

TEST_F(BrokenTokenizerTest, AMissingFileIsNotFound) {
  EXPECT_THAT(Tokenizer::Load(directory_.path()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("tokenizer.json")));
}

TEST_F(BrokenTokenizerTest, AFileCutShortIsRefusedByName) {
  ASSERT_OK_AND_ASSIGN(const std::string json, io::ReadFile(FixturePath("words/tokenizer.json")));
  for (const size_t size : {size_t{0}, size_t{1}, json.size() / 2, json.size() - 3}) {
    Write("tokenizer.json", json.substr(0, size));
    EXPECT_THAT(Tokenizer::Load(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory_ / "tokenizer.json")));
  }
}

TEST_F(BrokenTokenizerTest, ATokenizerWithoutConfigIsWhole) {
  CopyWords();
  EXPECT_OK(Tokenizer::Load(directory_.path()));
}

TEST_F(BrokenTokenizerTest, AConfigThatIsNotJsonIsRefused) {
  CopyWords();
  Write("tokenizer_config.json", "{");
  EXPECT_THAT(Tokenizer::Load(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tokenizer_config.json")));
}

TEST_F(BrokenTokenizerTest, AddBosTokenWithoutAUsableTokenIsRefused) {
  CopyWords();
  Write("tokenizer_config.json", R"({"add_bos_token": true})");
  EXPECT_THAT(Tokenizer::Load(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("there is no bos_token"))));
  Write("tokenizer_config.json", R"({"add_bos_token": true, "bos_token": "<s>"})");
  EXPECT_THAT(Tokenizer::Load(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("'<s>'"), HasSubstr("not in the vocabulary"))));
  Write("tokenizer_config.json", R"({"add_bos_token": "yes", "bos_token": "<bos>"})");
  EXPECT_THAT(Tokenizer::Load(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected true or false")));
}

}  // namespace
}  // namespace cohort::text
