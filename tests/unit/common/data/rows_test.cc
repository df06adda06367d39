#include "common/data/rows.h"

#include <filesystem>
#include <string>
#include <vector>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/unit/common/data/fixtures.h"

namespace cohort::data {
namespace {

using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::Pointee;

class RowsTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) { EXPECT_OK(io::WriteFileAtomically(directory_ / name, content)); }

  // Reads everything; "PLACE VALUE" of each row is in seen_.
  absl::Status Read(const std::string& path, const std::string& column) {
    seen_.clear();
    return ForEachRow(path, {{column}, "{}"}, [&](const Row& row) {
      const nlohmann::json* value = Find(row.values, column);
      seen_.push_back(std::filesystem::path(row.place).filename().string() + " " + (value == nullptr ? "-" : value->dump()));
      return absl::OkStatus();
    });
  }

  TempDir directory_;
  std::vector<std::string> seen_;
};

TEST_F(RowsTest, LinesOfJsonCountFromOneAndBlankOnesArePassedOver) {
  Write("a.jsonl", "{\"x\": 1}\n\n{\"x\": \"ü\"}");
  ASSERT_OK(Read(directory_ / "a.jsonl", "x"));
  EXPECT_THAT(seen_, ElementsAre("a.jsonl:1 1", "a.jsonl:3 \"ü\""));
}

TEST_F(RowsTest, ADirectoryIsItsDataFilesByName) {
  Write("b.jsonl", "{\"question\": 3}\n");
  Write("c.jsonl", "{\"question\": 4}\n");
  Write("README.md", "no data");
  Write(".hidden.jsonl", "no data");
  std::filesystem::copy(FixturePath("problems.parquet"), directory_ / "a.parquet");
  ASSERT_OK(Read(directory_.path(), "question"));
  ASSERT_EQ(seen_.size(), 302);
  EXPECT_EQ(seen_[0], "a.parquet: row 1 \"0 + 0 = ? ü \"");
  EXPECT_EQ(seen_[299].substr(0, 26), "a.parquet: row 300 \"299 + ");
  EXPECT_THAT(std::vector(seen_.begin() + 300, seen_.end()), ElementsAre("b.jsonl:1 3", "c.jsonl:1 4"));
}

TEST_F(RowsTest, AColumnMayLieInsideAnObject) {
  ASSERT_OK(Read(FixturePath("conversations.parquet"), "reward_model.ground_truth"));
  EXPECT_THAT(seen_, ElementsAre("conversations.parquet: row 1 \"2\"", "conversations.parquet: row 2 \"4\""));
}

TEST_F(RowsTest, AKeyWithADotInItsNameWins) {
  const auto row = nlohmann::json::parse(R"({"a.b": 1, "a": {"b": 2, "c": {"d": 3}}, "e": [1]})");
  EXPECT_THAT(Find(row, "a.b"), Pointee(nlohmann::json(1)));
  EXPECT_THAT(Find(row, "a.c.d"), Pointee(nlohmann::json(3)));
  EXPECT_THAT(Find(row, "a.x"), IsNull());
  EXPECT_THAT(Find(row, "e.f"), IsNull());
}

TEST_F(RowsTest, RowsKnowAllColumnsOfTheirFileAlsoWhereNoneIsRead) {
  const absl::Status status = ForEachRow(FixturePath("problems.parquet"), {{"prompt"}, "{}"}, [](const Row& row) {
    EXPECT_THAT(Find(row.values, "prompt"), IsNull());
    return absl::AbortedError(ColumnsText(row));
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted, "its columns are question, solution, extra, unread"));
}

TEST_F(RowsTest, NothingToReadIsRefusedWithTheRemedy) {
  EXPECT_THAT(Read(directory_.path(), "x"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("put .jsonl or .parquet files into it")));
  Write("a.jsonl", "\n");
  EXPECT_THAT(Read(directory_.path(), "x"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds no rows")));
  EXPECT_THAT(Read(directory_ / "absent.jsonl", "x"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent.jsonl")));
  EXPECT_THAT(Read(directory_ / "absent.parquet", "x"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent.parquet")));
}

TEST_F(RowsTest, TheVisitorsErrorEndsTheReading) {
  Write("a.jsonl", "{}\n{}\n{}\n");
  int rows = 0;
  EXPECT_THAT(ForEachRow(directory_ / "a.jsonl", {}, [&](const Row&) { return ++rows == 2 ? absl::AbortedError("enough") : absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kAborted, "enough"));
  EXPECT_EQ(rows, 2);
}

}  // namespace
}  // namespace cohort::data
