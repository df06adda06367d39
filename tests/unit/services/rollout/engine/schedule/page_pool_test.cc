#include "services/rollout/engine/schedule/page_pool.h"

#include <gtest/gtest.h>

#include <set>

namespace cohort::rollout {
namespace {

TEST(PagePoolTest, HandsOutEveryPageOnce) {
  PagePool pool(5);
  std::set<int32_t> pages;
  while (pool.free_pages() > 0) pages.insert(pool.Allocate());
  EXPECT_EQ(pages, (std::set<int32_t>{0, 1, 2, 3, 4}));
}

TEST(PagePoolTest, ASharedPageIsFreeAfterItsLastHolder) {
  PagePool pool(2);
  std::vector<int32_t> prompt = {pool.Allocate()};
  pool.AddReference(prompt[0]);
  std::vector<int32_t> sample = {prompt[0], pool.Allocate()};
  pool.Release(prompt);
  EXPECT_TRUE(prompt.empty());
  EXPECT_EQ(pool.free_pages(), 0);
  pool.Release(sample);
  EXPECT_EQ(pool.free_pages(), 2);
}

}  // namespace
}  // namespace cohort::rollout
