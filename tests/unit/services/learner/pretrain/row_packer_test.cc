#include "services/learner/pretrain/row_packer.h"

#include <map>
#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

const std::vector<int64_t> kLengths = {5, 9, 3, 10, 7, 4, 6, 2, 8, 1};

TEST(RowPackerTest, AStepHoldsNoMoreThanItsRows) {
  RowPacker packer(kLengths, 3, 10, 1);
  for (int step = 0; step < 50; ++step) {
    int64_t tokens = 0;
    for (const int64_t document : packer.NextStep()) tokens += kLengths[document];
    EXPECT_LE(tokens, 30);
    EXPECT_GE(tokens, 18);  // Only a document that fits nowhere ends a step.
  }
}

TEST(RowPackerTest, EveryDocumentIsDealtOnceAPass) {
  RowPacker packer(kLengths, 2, 10, 1);
  std::vector<int64_t> dealt;
  while (dealt.size() < 2000) {
    const std::vector<int64_t> step = packer.NextStep();
    dealt.insert(dealt.end(), step.begin(), step.end());
  }
  std::map<int64_t, int> times;
  for (size_t i = 0; i < 2000; ++i) ++times[dealt[i]];
  for (const auto& [document, count] : times) EXPECT_NEAR(count, 200, 3) << document;
  EXPECT_EQ(times.size(), kLengths.size());
}

TEST(RowPackerTest, TheOrderDependsOnTheSeedAlone) {
  RowPacker a(kLengths, 2, 10, 1), b(kLengths, 2, 10, 1), c(kLengths, 2, 10, 2);
  std::vector<std::vector<int64_t>> of_a, of_b, of_c;
  for (int step = 0; step < 10; ++step) {
    of_a.push_back(a.NextStep());
    of_b.push_back(b.NextStep());
    of_c.push_back(c.NextStep());
  }
  EXPECT_EQ(of_a, of_b);
  EXPECT_NE(of_a, of_c);
}

}  // namespace
}  // namespace cohort::learner
