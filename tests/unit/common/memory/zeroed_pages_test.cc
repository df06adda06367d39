#include "common/memory/zeroed_pages.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "gtest/gtest.h"

namespace cohort::memory {
namespace {

TEST(ZeroedPagesTest, AreZeroAndBeginOnAPage) {
  const ZeroedPages pages(100001);
  EXPECT_EQ(pages.bytes(), 100001);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pages.data()) % sysconf(_SC_PAGESIZE), 0u);
  EXPECT_EQ(std::count(pages.data(), pages.data() + pages.bytes(), 0), pages.bytes());
}

TEST(ZeroedPagesTest, OfNoBytesHoldNothing) {
  EXPECT_EQ(ZeroedPages().data(), nullptr);
  EXPECT_EQ(ZeroedPages(0).data(), nullptr);
}

TEST(ZeroedPagesTest, MoveWithTheirContent) {
  ZeroedPages from(4096);
  from.data()[7] = 1;
  char* const data = from.data();
  ZeroedPages to(std::move(from));
  EXPECT_EQ(to.data(), data);
  EXPECT_EQ(from.data(), nullptr);
  EXPECT_EQ(from.bytes(), 0);

  ZeroedPages assigned(8192);
  assigned = std::move(to);
  EXPECT_EQ(assigned.data(), data);
  EXPECT_EQ(assigned.bytes(), 4096);
  EXPECT_EQ(assigned.data()[7], 1);
  ZeroedPages& itself = assigned;
  assigned = std::move(itself);
  EXPECT_EQ(assigned.data(), data);
}

TEST(ZeroedPagesTest, MoreThanThereIsOfThemIsAnError) { EXPECT_THROW(ZeroedPages(std::numeric_limits<int64_t>::max() - 4096), std::bad_alloc); }

}  // namespace
}  // namespace cohort::memory
