#include <algorithm>
#include <numeric>

#include "services/rollout/engine/cuda/kernels/kernels.h"
#include "tests/unit/services/rollout/engine/cuda/kernels/device_data.h"

namespace cohort::rollout::cuda {
namespace {

using namespace testing;

struct Drawn {
  std::vector<RowResult> results;
  std::vector<DecodeRow> rows;
};

Drawn Sample(const std::vector<float>& logits, int vocab, const std::vector<DecodeRow>& rows, const std::vector<int32_t>& eos = {}) {
  const int count = static_cast<int>(rows.size());
  const auto logits_d = Upload(logits);
  const auto rows_d = Upload(rows);
  const auto eos_d = Upload(eos);
  const auto tiles = Poisoned<float4>(count * SampleTiles(vocab));
  const auto results = Poisoned<RowResult>(count);
  SampleArgs args;
  args.logits = logits_d.data();
  args.count = count;
  args.vocab = vocab;
  args.rows = rows_d.data();
  args.eos = eos_d.data();
  args.eos_count = static_cast<int>(eos.size());
  args.tiles = tiles.data();
  args.results = results.data();
  const bool truncates = std::any_of(rows.begin(), rows.end(), [](const DecodeRow& row) { return row.truncates != 0; });
  SampleRows(args, truncates, nullptr);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  Drawn drawn{Download(results), Download(rows_d)};
  return drawn;
}

std::vector<float> RandomLogits(int count, int vocab, uint64_t seed) {
  random::Stream stream(seed, 0);
  std::vector<float> logits(int64_t{count} * vocab);
  for (float& x : logits) x = static_cast<float>(12 * stream.NextDouble() - 6);
  return logits;
}

DecodeRow Row(float temperature, uint32_t slot) {
  DecodeRow row;
  row.position = 20, row.token = 1, row.most_tokens = 100, row.index = 3;
  row.temperature = temperature;
  row.seed = 0x123456789abcdef0, row.step = 11, row.slot = slot, row.sample = 2;
  return row;
}

float Uniform(const DecodeRow& row) {
  return random::SamplingUniform({row.seed, row.step, row.slot, static_cast<int32_t>(row.sample), row.index});
}

// The distribution by the formulas, in double precision.
struct Reference {
  std::vector<double> mass;  // Zero for what truncation drops.
  double total = 0;
};
Reference Distribution(const float* logits, int vocab, const DecodeRow& row) {
  Reference reference;
  const double largest = *std::max_element(logits, logits + vocab);
  std::vector<double> mass(vocab);
  for (int i = 0; i < vocab; ++i) mass[i] = std::exp((logits[i] - largest) / row.temperature);
  const double all = std::accumulate(mass.begin(), mass.end(), 0.0);
  std::vector<int> order(vocab);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  reference.mass.assign(vocab, 0);
  const int most = row.truncates != 0 && row.top_k > 0 ? row.top_k : vocab;
  const double wanted = row.truncates != 0 && row.top_p > 0 && row.top_p < 1 ? row.top_p * all : 2 * all;
  double sum = 0;
  for (int i = 0; i < std::min(most, vocab) && sum < wanted; ++i) {
    if (row.truncates != 0 && mass[order[i]] < row.min_p) break;
    sum += reference.mass[order[i]] = mass[order[i]];
  }
  reference.total = sum;
  return reference;
}

// The token is the one at which the distribution function passes the row's uniform number, up to rounding.
void ExpectDrawn(const float* logits, int vocab, const DecodeRow& row, const RowResult& result) {
  const Reference reference = Distribution(logits, vocab, row);
  ASSERT_GE(result.token, 0);
  ASSERT_LT(result.token, vocab);
  EXPECT_GT(reference.mass[result.token], 0) << "dropped token";
  double before = 0;
  for (int i = 0; i < result.token; ++i) before += reference.mass[i];
  const double uniform = Uniform(row) * reference.total, slack = 1e-5 * reference.total;
  EXPECT_LE(before, uniform + slack);
  EXPECT_GT(before + reference.mass[result.token], uniform - slack);
  EXPECT_NEAR(result.logprob, std::log(reference.mass[result.token] / reference.total), 2e-5);
  EXPECT_EQ(result.finite, 1);
}

TEST(SamplerTest, InvertsTheDistributionFunctionAtTheRowsPhiloxNumber) {
  for (const int vocab : {3, 40, 4096, 4097, 32003, 151936}) {
    std::vector<DecodeRow> rows;
    for (int r = 0; r < 9; ++r) rows.push_back(Row(r % 2 == 0 ? 1.0f : 0.6f, r));
    const auto logits = RandomLogits(9, vocab, vocab);
    const Drawn drawn = Sample(logits, vocab, rows);
    for (int r = 0; r < 9; ++r) {
      ExpectDrawn(&logits[int64_t{r} * vocab], vocab, rows[r], drawn.results[r]);
      EXPECT_EQ(drawn.rows[r].token, drawn.results[r].token);
      EXPECT_EQ(drawn.rows[r].position, 21);
      EXPECT_EQ(drawn.rows[r].index, 4);
      EXPECT_EQ(drawn.results[r].ended, 0);
    }
  }
}

TEST(SamplerTest, TruncationKeepsWhatTheCpuKeeps) {
  for (const int vocab : {5, 1000, 151936}) {
    std::vector<DecodeRow> rows;
    for (int r = 0; r < 12; ++r) {
      rows.push_back(Row(r % 3 == 0 ? 1.3f : 0.8f, r));
      rows[r].truncates = r != 5;
      if (r % 4 == 0 || r == 11) rows[r].top_k = 1 + r * 4;
      if (r % 4 == 1 || r == 11) rows[r].top_p = 0.1f + 0.08f * r;
      if (r % 4 == 2 || r == 11) rows[r].min_p = 0.02f;
    }
    const auto logits = RandomLogits(12, vocab, vocab);
    const Drawn drawn = Sample(logits, vocab, rows);
    for (int r = 0; r < 12; ++r) {
      SCOPED_TRACE(r);
      ExpectDrawn(&logits[int64_t{r} * vocab], vocab, rows[r], drawn.results[r]);
    }
  }
}

TEST(SamplerTest, AmongEqualLogitsTheLowerIdsAreKept) {
  std::vector<float> logits(3000, 1.0f);
  logits[2999] = 2;
  std::vector<DecodeRow> rows;
  for (int r = 0; r < 64; ++r) rows.push_back(Row(1, r));
  std::vector<float> all;
  for (auto& row : rows) {
    row.truncates = 1, row.top_k = 4;
    all.insert(all.end(), logits.begin(), logits.end());
  }
  const Drawn drawn = Sample(all, 3000, rows);
  for (int r = 0; r < 64; ++r) {
    const int32_t token = drawn.results[r].token;
    EXPECT_TRUE(token <= 2 || token == 2999) << token;
    ExpectDrawn(logits.data(), 3000, rows[r], drawn.results[r]);
  }
}

TEST(SamplerTest, GreedyTakesTheLowestIdOfTheLargestLogitWithLogprobZero) {
  auto logits = RandomLogits(2, 9000, 5);
  logits[8000] = logits[4100] = logits[4200] = 9;
  logits[9000 + 17] = logits[9000 + 8999] = 9;
  const Drawn drawn = Sample(logits, 9000, {Row(0, 0), Row(0, 1)});
  EXPECT_EQ(drawn.results[0].token, 4100);
  EXPECT_EQ(drawn.results[1].token, 17);
  EXPECT_EQ(drawn.results[0].logprob, 0);
}

TEST(SamplerTest, EndsAtAnEndTokenAndAtTheLastToken) {
  std::vector<float> logits(3 * 50, -50.0f);
  logits[7] = logits[50 + 8] = logits[100 + 9] = 50;
  std::vector<DecodeRow> rows = {Row(1, 0), Row(1, 1), Row(1, 2)};
  rows[1].index = 99;
  const Drawn drawn = Sample(logits, 50, rows, {3, 7});
  EXPECT_EQ(drawn.results[0].ended, 1);
  EXPECT_EQ(drawn.rows[0].position, -1);
  EXPECT_EQ(drawn.results[1].ended, 1);
  EXPECT_EQ(drawn.rows[1].position, -1);
  EXPECT_EQ(drawn.results[2].ended, 0);
}

TEST(SamplerTest, LogitsThatAreNoNumbersEndTheRowAndEmptyRowsStayEmpty) {
  const int vocab = 5000;
  auto logits = RandomLogits(5, vocab, 6);
  logits[4999] = NAN;
  logits[vocab + 3] = INFINITY;
  std::fill_n(logits.begin() + 2 * vocab, vocab, -INFINITY);
  std::fill_n(logits.begin() + 3 * vocab, 4500, -INFINITY);  // A whole tile, which is fine.
  std::vector<DecodeRow> rows;
  for (int r = 0; r < 5; ++r) rows.push_back(Row(1, r));
  rows[4].position = -1;
  const Drawn drawn = Sample(logits, vocab, rows);
  for (int r = 0; r < 3; ++r) {
    EXPECT_EQ(drawn.results[r].finite, 0) << r;
    EXPECT_EQ(drawn.rows[r].position, -1) << r;
  }
  ExpectDrawn(&logits[3 * vocab], vocab, rows[3], drawn.results[3]);
  EXPECT_EQ(drawn.results[4].token, -1);
  EXPECT_EQ(drawn.results[4].finite, 1);
  EXPECT_EQ(drawn.rows[4].index, 3);
}

}  // namespace
}  // namespace cohort::rollout::cuda
