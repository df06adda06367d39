#include "common/data/parquet_file.h"

#include <filesystem>
#include <string>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/unit/common/data/fixtures.h"

namespace cohort::data {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// All rows, read `at_once` at a time.
nlohmann::json Rows(ParquetFile& file, int64_t at_once) {
  nlohmann::json rows = nlohmann::json::array();
  for (;;) {
    const auto lines = file.Next(at_once);
    EXPECT_OK(lines);
    if (!lines.ok() || lines->empty()) return rows;
    for (size_t begin = 0; begin < lines->size(); begin = lines->find('\n', begin) + 1) {
      rows.push_back(nlohmann::json::parse(lines->substr(begin, lines->find('\n', begin) - begin)));
    }
  }
}

TEST(ParquetFileTest, ReadsTheChosenColumnsOfAllRowGroupsWhateverTheirCodec) {
  ASSERT_OK_AND_ASSIGN(const auto file, ParquetFile::Open(FixturePath("problems.parquet")));
  EXPECT_THAT(file->columns(), ElementsAre("question", "solution", "extra", "unread"));
  ASSERT_OK(file->Select({"question", "solution", "extra"}));
  const nlohmann::json rows = Rows(*file, 100);
  ASSERT_EQ(rows.size(), 300);
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_EQ(rows[i]["question"], number + " + " + number + " = ? ü " + std::string(i % 7, 'x'));
    EXPECT_EQ(rows[i]["solution"], 2 * i);
    EXPECT_EQ(rows[i]["extra"], nlohmann::json({{"origin", i % 2 == 0 ? "even" : "odd"}, {"split", nullptr}}));
    EXPECT_FALSE(rows[i].contains("unread"));
  }
}

TEST(ParquetFileTest, EveryKindOfValueHasAJsonForm) {
  ASSERT_OK_AND_ASSIGN(const auto file, ParquetFile::Open(FixturePath("kinds.parquet")));
  const nlohmann::json rows = Rows(*file, 1);
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[0], nlohmann::json::parse(R"({"text": "a", "large_text": "b", "coded_text": "c", "bytes": "d", "flag": true, "small": -3,
      "big": 9223372036854775809, "real": 0.5, "list": ["x", "y"], "map": {"k": 1}, "decimal": "1.25"})"));
  EXPECT_EQ(rows[1], nlohmann::json::parse(R"({"text": null, "large_text": null, "coded_text": null, "bytes": null, "flag": null, "small": null,
      "big": null, "real": null, "list": [], "map": {}, "decimal": null})"));
}

TEST(ParquetFileTest, ListsOfObjectsComeAsSuch) {
  ASSERT_OK_AND_ASSIGN(const auto file, ParquetFile::Open(FixturePath("conversations.parquet")));
  const nlohmann::json rows = Rows(*file, 10);
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[1]["prompt"], nlohmann::json::parse(R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2"}])"));
  EXPECT_EQ(rows[1]["reward_model"]["ground_truth"], "4");
}

TEST(ParquetFileTest, BytesThatAreNoTextAreRefusedWithTheColumn) {
  ASSERT_OK_AND_ASSIGN(const auto file, ParquetFile::Open(FixturePath("problems.parquet")));
  EXPECT_THAT(file->Next(1), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("problems.parquet"), HasSubstr("'unread' holds bytes that are no UTF-8"))));
}

TEST(ParquetFileTest, ACodecThatIsNotBuiltInIsRefusedWithTheRemedy) {
  ASSERT_OK_AND_ASSIGN(const auto file, ParquetFile::Open(FixturePath("gzipped.parquet")));
  EXPECT_THAT(file->Next(1), StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("gzipped.parquet"), HasSubstr("snappy or zstd"))));
}

TEST(ParquetFileTest, WhatIsNoParquetOrCutShortIsRefused) {
  TempDir directory;
  const std::string path = directory / "a.parquet";
  ASSERT_OK(io::WriteFileAtomically(path, "{\"prompt\": \"a\"}\n"));
  EXPECT_THAT(ParquetFile::Open(path), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path + ": cannot be read as Parquet")));
  ASSERT_OK_AND_ASSIGN(const std::string whole, io::ReadFile(FixturePath("problems.parquet")));
  ASSERT_OK(io::WriteFileAtomically(path, whole.substr(0, whole.size() / 2)));
  EXPECT_THAT(ParquetFile::Open(path), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path)));
  EXPECT_THAT(ParquetFile::Open(directory / "absent.parquet"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent.parquet")));
}

// Wherever a file is damaged, reading it ends with rows or with an error that names it, never otherwise.
TEST(ParquetFileTest, DamageAnywhereIsAnErrorOrIsRead) {
  TempDir directory;
  const std::string path = directory / "damaged.parquet";
  ASSERT_OK_AND_ASSIGN(const std::string whole, io::ReadFile(FixturePath("problems.parquet")));
  int refused = 0;
  for (size_t at = 4; at < whole.size(); at += 13) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x5A);
    ASSERT_OK(io::WriteFileDurably(path, damaged));
    const auto file = ParquetFile::Open(path);
    absl::Status status = file.status();
    while (status.ok()) {
      const auto lines = (*file)->Next(1000);
      status = lines.status();
      if (lines.ok() && lines->empty()) break;
    }
    if (status.ok()) continue;
    ++refused;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path))) << at;
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace cohort::data
