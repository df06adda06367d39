#include <cstring>

#include "tests/unit/services/rollout/engine/cuda/kernels/paged_context.h"

namespace cohort::rollout::cuda {
namespace {

using namespace testing;

struct Shape {
  int heads, kv_heads, head_dim;
  bool bias, norms;
};

class QkvTest : public ::testing::TestWithParam<Shape> {};

// Row r belongs to sequence `table[r]` at `position[r]` (-1: an empty row). Checks queries in place and keys and values in the cache.
void Check(const Shape& s, const std::vector<int32_t>& position, const std::vector<int32_t>& table, bool decode) {
  const int rows = static_cast<int>(position.size()), width = s.heads + 2 * s.kv_heads, half = s.head_dim / 2;
  random::Stream stream(9, s.head_dim);
  const PagedContext context(std::vector<int>(rows, 300), s.kv_heads, s.head_dim, 3);
  const auto qkv = RandomBf16(int64_t{rows} * width * s.head_dim, 2, stream), bias = RandomBf16(width * s.head_dim, 3, stream);
  const auto q_norm = RandomBf16(s.head_dim, 2, stream), k_norm = RandomBf16(s.head_dim, 2, stream);
  std::vector<float2> rope;
  for (int p = 0; p < 300; ++p) {
    for (int i = 0; i < half; ++i) {
      const double angle = p * std::pow(10000.0, -2.0 * i / s.head_dim);
      rope.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
    }
  }
  const auto qkv_d = Upload(qkv), bias_d = Upload(bias), q_norm_d = Upload(q_norm), k_norm_d = Upload(k_norm);
  const auto rope_d = Upload(rope);
  QkvArgs args;
  args.qkv = qkv_d.data();
  args.rows = rows;
  args.heads = s.heads;
  args.bias = s.bias ? bias_d.data() : nullptr;
  args.q_norm = s.norms ? q_norm_d.data() : nullptr;
  args.k_norm = s.norms ? k_norm_d.data() : nullptr;
  args.rope = rope_d.data();
  args.cache = context.cache();
  args.tables = context.tables();
  const auto before = context.Data();
  if (decode) {
    std::vector<DecodeRow> decode_rows(rows);
    for (int r = 0; r < rows; ++r) decode_rows[r].position = position[r];
    const auto decode_rows_d = Upload(decode_rows);
    PrepareDecodeQkv(args, decode_rows_d.data(), nullptr);
    Download(qkv_d);
  } else {
    const auto position_d = Upload(position), table_d = Upload(table);
    PreparePrefillQkv(args, position_d.data(), table_d.data(), nullptr);
    Download(qkv_d);
  }
  ASSERT_CUDA_OK(cudaGetLastError());
  auto cache = context.Data();
  const auto in_place = Download(qkv_d);
  std::vector<double> got, expected;
  for (int r = 0; r < rows; ++r) {
    for (int h = 0; h < width && position[r] >= 0; ++h) {
      std::vector<double> x(s.head_dim);
      for (int c = 0; c < s.head_dim; ++c) {
        x[c] = __bfloat162float(qkv[(int64_t{r} * width + h) * s.head_dim + c]) + (s.bias ? __bfloat162float(bias[h * s.head_dim + c]) : 0.0f);
      }
      const bool value = h >= s.heads + s.kv_heads, query = h < s.heads;
      if (s.norms && !value) {
        double squares = 0;
        for (const double y : x) squares += y * y;
        const double scale = 1 / std::sqrt(squares / s.head_dim + 1e-6);
        for (int c = 0; c < s.head_dim; ++c) x[c] *= scale * __bfloat162float(query ? q_norm[c] : k_norm[c]);
      }
      for (int c = 0; c < half && !value; ++c) {
        const double angle = position[r] * std::pow(10000.0, -2.0 * c / s.head_dim), a = x[c], b = x[c + half];
        x[c] = a * std::cos(angle) - b * std::sin(angle);
        x[c + half] = b * std::cos(angle) + a * std::sin(angle);
      }
      expected.insert(expected.end(), x.begin(), x.end());
      const int64_t index = context.Index(table[r], std::max(position[r], 0), value ? 1 : 0, query ? 0 : (h - s.heads) % s.kv_heads);
      for (int c = 0; c < s.head_dim; ++c) {
        got.push_back(__bfloat162float(query ? in_place[(int64_t{r} * width + h) * s.head_dim + c] : cache[index + c]));
        if (!query) cache[index + c] = before[index + c];
      }
    }
  }
  EXPECT_LT(RelativeError(got, expected), 3e-3);
  // Nothing else was written.
  EXPECT_EQ(std::memcmp(cache.data(), before.data(), cache.size() * sizeof(cache[0])), 0);
}

TEST_P(QkvTest, DecodeRowsWriteTheirPositionAndEmptyRowsNothing) { Check(GetParam(), {0, 63, -1, 64, 299}, {0, 1, 2, 3, 4}, true); }

TEST_P(QkvTest, PrefillRowsWriteIntoTheTableTheyName) { Check(GetParam(), {7, 8, 9, 128, 0}, {2, 2, 2, 0, 4}, false); }

INSTANTIATE_TEST_SUITE_P(Shapes, QkvTest,
                         ::testing::Values(Shape{14, 2, 64, true, false}, Shape{3, 1, 128, true, true}, Shape{16, 8, 128, false, true},
                                           Shape{2, 2, 64, false, false}));

}  // namespace
}  // namespace cohort::rollout::cuda
