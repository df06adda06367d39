#include "tests/unit/services/rollout/engine/cuda/kernels/paged_context.h"

namespace cohort::rollout::cuda {
namespace {

using namespace testing;

struct Shape {
  int heads, kv_heads, head_dim;
};

class PrefillAttentionTest : public ::testing::TestWithParam<Shape> {};

TEST_P(PrefillAttentionTest, EveryTokenSeesItsPastAndItself) {
  const Shape s = GetParam();
  // Of each prompt the tokens from `begin` to `end` are in the batch; those before are in the cache.
  struct Part {
    int begin, end;
  };
  const std::vector<Part> parts = {{0, 1}, {0, 64}, {0, 65}, {37, 200}, {128, 129}, {64, 191}, {300, 333}};
  std::vector<int> contexts;
  std::vector<PrefillSpan> tiles;
  int rows = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    contexts.push_back(parts[i].end);
    for (int p = parts[i].begin; p < parts[i].end; p += kPrefillTile) {
      const int count = std::min(kPrefillTile, parts[i].end - p);
      tiles.push_back({rows, count, p, static_cast<int32_t>(i)});
      rows += count;
    }
  }
  const PagedContext context(contexts, s.kv_heads, s.head_dim, s.heads);
  random::Stream stream(8, 0);
  const int width = s.heads + 2 * s.kv_heads;
  const auto qkv = RandomBf16(int64_t{rows} * width * s.head_dim, 2, stream);
  const auto qkv_d = Upload(qkv);
  const auto tiles_d = Upload(tiles);
  const auto out = Poisoned<__nv_bfloat16>(int64_t{rows} * s.heads * s.head_dim);
  PrefillAttentionArgs args;
  args.qkv = qkv_d.data();
  args.tiles = tiles_d.data();
  args.tile_count = static_cast<int>(tiles.size());
  args.heads = s.heads;
  args.scale = static_cast<float>(1 / std::sqrt(s.head_dim));
  args.cache = context.cache();
  args.tables = context.tables();
  args.out = out.data();
  PrefillAttention(args, nullptr);
  ASSERT_CUDA_OK(cudaGetLastError());
  std::vector<double> expected;
  for (const PrefillSpan& tile : tiles) {
    for (int i = 0; i < tile.count; ++i) {
      for (int h = 0; h < s.heads; ++h) {
        context.Attend(&qkv[(int64_t{tile.first_row + i} * width + h) * s.head_dim], tile.table, h / (s.heads / s.kv_heads), tile.position + i + 1,
                       1 / std::sqrt(s.head_dim), expected);
      }
    }
  }
  EXPECT_LT(RelativeError(ToDouble(Download(out)), expected), 6e-3);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PrefillAttentionTest, ::testing::Values(Shape{14, 2, 64}, Shape{6, 1, 128}, Shape{4, 4, 64}, Shape{8, 2, 128}));

}  // namespace
}  // namespace cohort::rollout::cuda
