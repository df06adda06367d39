#include <tuple>

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "tests/unit/services/rollout/engine/cuda/kernels/device_data.h"

namespace cohort::rollout::cuda {
namespace {

using namespace testing;

class NormTest : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(NormTest, AddsTheDeltaAndNormalisesEveryRow) {
  const auto [rows, width] = GetParam();
  random::Stream stream(1, rows * 100000 + width);
  std::vector<float> residual(rows * width);
  for (float& x : residual) x = static_cast<float>(4 * stream.NextDouble() - 2);
  const auto delta = RandomBf16(rows * width, 1, stream), weight = RandomBf16(width, 2, stream);
  const auto residual_d = Upload(residual);
  const auto delta_d = Upload(delta), weight_d = Upload(weight);
  const auto out = Poisoned<__nv_bfloat16>(rows * width);
  AddRmsNorm(residual_d.data(), delta_d.data(), weight_d.data(), 1e-5f, rows, width, out.data(), nullptr);
  ASSERT_CUDA_OK(cudaGetLastError());

  std::vector<double> sums(rows * width), expected(rows * width);
  for (int r = 0; r < rows; ++r) {
    double squares = 0;
    for (int c = 0; c < width; ++c) {
      sums[r * width + c] = double{residual[r * width + c]} + __bfloat162float(delta[r * width + c]);
      squares += sums[r * width + c] * sums[r * width + c];
    }
    for (int c = 0; c < width; ++c) expected[r * width + c] = sums[r * width + c] / std::sqrt(squares / width + 1e-5) * __bfloat162float(weight[c]);
  }
  EXPECT_LT(RelativeError(ToDouble(Download(out)), expected), 3e-3);
  EXPECT_LT(RelativeError(ToDouble(Download(residual_d)), sums), 1e-6);
}

TEST_P(NormTest, LeavesTheResidualAloneWithoutADelta) {
  const auto [rows, width] = GetParam();
  random::Stream stream(2, rows);
  std::vector<float> residual(rows * width);
  for (float& x : residual) x = static_cast<float>(stream.NextDouble() - 0.5);
  const auto weight = Upload(RandomBf16(width, 1, stream));
  const auto residual_d = Upload(residual);
  const auto out = Poisoned<__nv_bfloat16>(rows * width);
  AddRmsNorm(residual_d.data(), nullptr, weight.data(), 1e-6f, rows, width, out.data(), nullptr);
  EXPECT_EQ(Download(residual_d), residual);
  for (const double y : ToDouble(Download(out))) ASSERT_TRUE(std::isfinite(y));
}

INSTANTIATE_TEST_SUITE_P(Shapes, NormTest,
                         ::testing::Values(std::tuple{1, 8}, std::tuple{3, 72}, std::tuple{257, 896}, std::tuple{5, 1536}, std::tuple{2, 3584},
                                           std::tuple{7, 4096}, std::tuple{2, 8192}));

TEST(SiluMulTest, MatchesTheFormulaOverOddShapes) {
  for (const auto& [rows, width] : {std::pair{1, 8}, std::pair{3, 56}, std::pair{65, 4864}, std::pair{9, 18944}}) {
    random::Stream stream(3, rows);
    const auto gate_up = RandomBf16(int64_t{2} * rows * width, 12, stream);
    const auto gate_up_d = Upload(gate_up);
    const auto out = Poisoned<__nv_bfloat16>(rows * width);
    SiluMul(gate_up_d.data(), rows, width, out.data(), nullptr);
    ASSERT_CUDA_OK(cudaGetLastError());
    std::vector<double> expected;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < width; ++c) {
        const double gate = __bfloat162float(gate_up[2 * r * width + c]), up = __bfloat162float(gate_up[(2 * r + 1) * width + c]);
        expected.push_back(gate / (1 + std::exp(-gate)) * up);
      }
    }
    EXPECT_LT(RelativeError(ToDouble(Download(out)), expected), 3e-3) << rows << " × " << width;
  }
}

TEST(EmbedTest, CopiesTheTokensRowsAndZeroesEmptyOnes) {
  constexpr int kVocab = 11, kHidden = 40;
  random::Stream stream(4, 0);
  const auto embedding = RandomBf16(kVocab * kHidden, 3, stream);
  const auto embedding_d = Upload(embedding);
  std::vector<DecodeRow> rows(3);
  rows[0].token = 10, rows[0].position = 4;
  rows[1].token = 3;  // Empty.
  rows[2].token = 0, rows[2].position = 0;
  const auto rows_d = Upload(rows);
  const auto out = Poisoned<float>(3 * kHidden), packed = Poisoned<float>(2 * kHidden);
  EmbedRows(rows_d.data(), embedding_d.data(), 3, kHidden, out.data(), nullptr);
  const auto tokens = Upload(std::vector<int32_t>{7, 2});
  EmbedTokens(tokens.data(), embedding_d.data(), 2, kHidden, packed.data(), nullptr);
  const auto got = Download(out), got_packed = Download(packed);
  for (int c = 0; c < kHidden; ++c) {
    EXPECT_EQ(got[c], __bfloat162float(embedding[10 * kHidden + c]));
    EXPECT_EQ(got[kHidden + c], 0);
    EXPECT_EQ(got[2 * kHidden + c], __bfloat162float(embedding[c]));
    EXPECT_EQ(got_packed[c], __bfloat162float(embedding[7 * kHidden + c]));
    EXPECT_EQ(got_packed[kHidden + c], __bfloat162float(embedding[2 * kHidden + c]));
  }
}

TEST(ConvertTest, RoundsToTheNearestBf16) {
  random::Stream stream(5, 0);
  std::vector<float> values(4 * 1237);
  for (float& x : values) x = static_cast<float>(1000 * (stream.NextDouble() - 0.5));
  const auto from = Upload(values);
  const auto to = Poisoned<__nv_bfloat16>(static_cast<int64_t>(values.size()));
  ConvertToBf16(from.data(), to.data(), to.size(), nullptr);
  const auto got = Download(to);
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(__bfloat162float(got[i]), __bfloat162float(__float2bfloat16_rn(values[i])));
}

}  // namespace
}  // namespace cohort::rollout::cuda
