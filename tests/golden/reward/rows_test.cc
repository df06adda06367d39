// The hand-checked rows, one test per family.
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/golden/reward/row_file.h"
#include "tests/golden/reward/row_verdict.h"

namespace cohort::reward {
namespace {

const std::vector<std::string>& Files() {
  static const std::vector<std::string> files = FamilyFiles("tests/golden/reward/rows");
  return files;
}

std::string NameOf(const testing::TestParamInfo<std::string>& info) {
  const size_t slash = info.param.rfind('/');
  return info.param.substr(slash + 1, info.param.rfind('.') - slash - 1);
}

class RowsTest : public testing::TestWithParam<std::string> {};

TEST_P(RowsTest, GetTheVerdictTheyWereGivenByHand) {
  const absl::StatusOr<Family> family = ReadFamily(GetParam());
  ASSERT_TRUE(family.ok()) << family.status();
  for (const Row& row : family->rows) {
    for (const Complaint& complaint : Examine(row)) ADD_FAILURE_AT(GetParam().c_str(), complaint.line) << complaint.text;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, RowsTest, testing::ValuesIn(Files()), NameOf);

TEST(RowsAsAWholeTest, AreManyAndBalancedAndNoneStandsTwice) {
  std::map<char, int> marks;
  int rows = 0;
  for (const std::string& file : Files()) {
    const absl::StatusOr<Family> family = ReadFamily(file);
    ASSERT_TRUE(family.ok()) << family.status();
    std::set<std::string> seen;
    for (const Row& row : family->rows) {
      ++rows;
      ++marks[row.mark];
      const std::string setting = !row.setting ? "" : v1::Template_Name(row.setting->shape) + (row.setting->prefilled ? "p" : "") + (row.setting->truncated ? "t" : "");
      EXPECT_TRUE(seen.insert(setting + '\n' + row.gold + '\n' + row.answer).second) << file << ":" << row.line << ": stands there already";
    }
  }
  EXPECT_GE(rows, 1'500);
  EXPECT_GE(marks['+'], rows * 2 / 5);
  EXPECT_GE(marks['-'], rows * 2 / 5);
}

TEST(RowFileTest, ReadsMarkReferenceAnswerAndReason) {
  const absl::StatusOr<Family> family = ParseFamily("a/b.rows", "# Title\n\nbecause it is\n+ 1 :: 1.0\ntemplate R1_ZERO prefilled\nbecause not\nf 2 :: x{U+200B}y\n");
  ASSERT_TRUE(family.ok()) << family.status();
  EXPECT_EQ(family->name, "b");
  ASSERT_EQ(family->rows.size(), 2);
  EXPECT_EQ(family->rows[0].answer, "1.0");
  EXPECT_EQ(family->rows[0].reason, "it is");
  EXPECT_FALSE(family->rows[0].setting.has_value());
  EXPECT_EQ(family->rows[1].mark, 'f');
  EXPECT_EQ(family->rows[1].answer, "x\u200By");
  EXPECT_TRUE(family->rows[1].setting->prefilled);
}

TEST(RowFileTest, SaysWhichLineIsWrong) {
  for (const char* line : {"* 1 :: 1", "+ 1 : 1", "1 :: 1", "template NONE"}) {
    const absl::Status status = ParseFamily("f.rows", std::string("because r\n") + line).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << line;
    EXPECT_NE(std::string(status.message()).find("f.rows:2: "), std::string::npos) << status;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(ParseFamily("f.rows", "+ 1 :: 1").status())) << "a row without a reason";
}

}  // namespace
}  // namespace cohort::reward
