#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "tests/unit/services/rollout/engine/cuda/kernels/device_data.h"

namespace cohort::rollout::cuda {
namespace {

using namespace testing;

TEST(RowUpdateTest, FillsMovesEmptiesAndRenewsRows) {
  constexpr int kRows = 5, kStride = 200;
  std::vector<DecodeRow> rows(kRows);
  rows[3].position = 17, rows[3].token = 33;
  rows[4].position = 1;
  rows[2].position = 70, rows[2].token = 9;
  std::vector<int32_t> tables(kRows * kStride), new_tables(4 * kStride);
  for (size_t i = 0; i < tables.size(); ++i) tables[i] = static_cast<int32_t>(i);
  for (size_t i = 0; i < new_tables.size(); ++i) new_tables[i] = -static_cast<int32_t>(i);
  std::vector<RowUpdate> updates(4);
  updates[0].to = 1, updates[0].row.position = 5, updates[0].row.token = 44, updates[0].row.seed = uint64_t{1} << 60;
  updates[1].to = 0, updates[1].from = 3;
  updates[2].to = 4;
  updates[3].to = updates[3].from = 2;
  const auto rows_d = Upload(rows);
  const auto tables_d = Upload(tables), new_tables_d = Upload(new_tables);
  const auto updates_d = Upload(updates);
  ApplyRowUpdates(updates_d.data(), 4, new_tables_d.data(), kStride, rows_d.data(), tables_d.data(), nullptr);
  const auto got = Download(rows_d);
  const auto got_tables = Download(tables_d);
  EXPECT_EQ(got[1].position, 5);
  EXPECT_EQ(got[1].token, 44);
  EXPECT_EQ(got[1].seed, uint64_t{1} << 60);
  EXPECT_EQ(got[0].position, 17);
  EXPECT_EQ(got[0].token, 33);
  EXPECT_EQ(got[3].position, -1);
  EXPECT_EQ(got[4].position, -1);
  EXPECT_EQ(got[2].position, 70) << "only its page table is new";
  EXPECT_EQ(got[2].token, 9);
  for (int i = 0; i < kStride; ++i) {
    EXPECT_EQ(got_tables[kStride + i], -i);
    EXPECT_EQ(got_tables[i], 3 * kStride + i);
    EXPECT_EQ(got_tables[2 * kStride + i], -(3 * kStride + i));
    EXPECT_EQ(got_tables[4 * kStride + i], 4 * kStride + i);
  }
}

TEST(CopyPagesTest, CopiesWholePagesOfEveryLayer) {
  constexpr int kLayers = 3, kPages = 7, kPage = 2 * 2 * kPageTokens * 64;
  random::Stream stream(6, 0);
  auto cache = RandomBf16(int64_t{kLayers} * kPages * kPage, 1, stream);
  const auto cache_d = Upload(cache);
  const auto copies = Upload(std::vector<int2>{{0, 6}, {3, 1}});
  CopyPages(cache_d.data(), kPages * kPage, kPage, kLayers, copies.data(), 2, nullptr);
  for (int layer = 0; layer < kLayers; ++layer) {
    const auto page = [&](int p) { return cache.begin() + (int64_t{layer} * kPages + p) * kPage; };
    std::copy(page(0), page(1), page(6));
    std::copy(page(3), page(4), page(1));
  }
  EXPECT_EQ(ToDouble(Download(cache_d)), ToDouble(cache));
}

}  // namespace
}  // namespace cohort::rollout::cuda
