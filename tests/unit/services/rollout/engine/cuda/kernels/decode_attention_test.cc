#include "tests/unit/services/rollout/engine/cuda/kernels/paged_context.h"

namespace cohort::rollout::cuda {
namespace {

using namespace testing;

struct Shape {
  int heads, kv_heads, head_dim, split_tokens;
  int multiprocessors = 3;  // Few: every block works on several items, and long pieces are fair.
};

class DecodeAttentionTest : public ::testing::TestWithParam<Shape> {};

TEST_P(DecodeAttentionTest, MatchesTheFormulaOverContextsOfAllLengths) {
  const Shape s = GetParam();
  // 0: an empty row. Twice over, so that counters are seen to be left at zero.
  const std::vector<int> contexts = {1, 15, 0, 16, 17, 63, 64, 65, 0, 127, 200, 256, 257, 513, 1000, 1024, 1, 777};
  const int count = static_cast<int>(contexts.size()), width = s.heads + 2 * s.kv_heads;
  const PagedContext context(contexts, s.kv_heads, s.head_dim, s.heads * 1000 + s.head_dim);
  random::Stream stream(7, 0);
  const auto qkv = RandomBf16(int64_t{count} * width * s.head_dim, 2, stream);
  std::vector<DecodeRow> rows(count);
  for (int r = 0; r < count; ++r) rows[r].position = contexts[r] - 1;
  const auto qkv_d = Upload(qkv);
  const auto rows_d = Upload(rows);
  const int pieces = (1024 + s.split_tokens - 1) / s.split_tokens, groups = DecodeAttentionGroups(s.heads, s.kv_heads);
  const auto items = Poisoned<int2>(count * pieces);
  const auto item_count = Poisoned<int32_t>(1), split = Poisoned<int32_t>(1);
  const auto partial = Poisoned<float>(int64_t{count} * s.heads * pieces * (s.head_dim + 2));
  const auto arrived = Upload(std::vector<int32_t>(count * groups, 0));
  DecodeAttentionArgs args;
  args.qkv = qkv_d.data();
  args.rows = rows_d.data();
  args.count = count;
  args.heads = s.heads;
  args.scale = static_cast<float>(1 / std::sqrt(s.head_dim));
  args.cache = context.cache();
  args.tables = context.tables();
  args.plan = {items.data(), item_count.data(), split.data(), s.split_tokens};
  args.multiprocessors = s.multiprocessors;
  args.max_pieces = pieces;
  args.partial = partial.data();
  args.arrived = arrived.data();
  std::vector<double> expected;
  for (int r = 0; r < count; ++r) {
    for (int h = 0; h < s.heads && contexts[r] > 0; ++h) {
      context.Attend(&qkv[(int64_t{r} * width + h) * s.head_dim], r, h / (s.heads / s.kv_heads), contexts[r], 1 / std::sqrt(s.head_dim), expected);
    }
  }
  std::vector<double> first;
  for (int run = 0; run < 2; ++run) {
    const auto out = Poisoned<__nv_bfloat16>(int64_t{count} * s.heads * s.head_dim);
    args.out = out.data();
    PlanDecodeAttention(args, nullptr);
    DecodeAttention(args, nullptr);
    ASSERT_CUDA_OK(cudaGetLastError());
    const auto all = ToDouble(Download(out));
    std::vector<double> got;
    for (int r = 0; r < count; ++r) {
      const auto begin = all.begin() + int64_t{r} * s.heads * s.head_dim;
      if (contexts[r] > 0) got.insert(got.end(), begin, begin + s.heads * s.head_dim);
    }
    EXPECT_LT(RelativeError(got, expected), 6e-3);
    if (run == 1) {
      EXPECT_EQ(got, first) << "two runs differ";
    }
    first = got;
  }
  for (const int32_t left : Download(arrived)) EXPECT_EQ(left, 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, DecodeAttentionTest,
                         ::testing::Values(Shape{14, 2, 64, 256, 1000}, Shape{14, 2, 64, 1024}, Shape{14, 2, 64, 64, 20}, Shape{12, 2, 128, 128},
                                           Shape{28, 4, 128, 512, 132}, Shape{32, 8, 128, 256}, Shape{3, 3, 64, 64, 300}, Shape{8, 1, 64, 192}, Shape{9, 1, 128, 256}, Shape{16, 1, 64, 512},
                                           Shape{40, 2, 64, 256, 400}, Shape{34, 2, 128, 256, 1000}));

}  // namespace
}  // namespace cohort::rollout::cuda
