#include "services/rollout/engine/cuda/pipeline.h"

#include <set>
#include <string>

#include "common/testing/status_matchers.h"
#include "tests/unit/services/rollout/engine/schedule/model_cache.h"
#include "tests/unit/services/rollout/engine/schedule/trace.h"

namespace cohort::rollout::cuda {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using rollout::testing::DrawToken;
using rollout::testing::kEos;
using rollout::testing::kVocab;
using rollout::testing::Ledger;
using rollout::testing::ModelCache;
using rollout::testing::RandomRequest;

constexpr int64_t kPage = 4;

// A model of the GPU that does at once what a GPU does later in the same order: rows with their page tables, which move on by themselves as the kernels of
// kernels.h say. What the host has not told it, it does not know.
class FakeGpu : public StepDevice {
 public:
  explicit FakeGpu(const SchedulerOptions& options)
      : ends_(!options.eos_token_ids.empty()), cache_(options.pages, options.page_tokens), rows_(options.max_batch), tables_(options.max_batch) {}

  absl::Status Prefill(int, const std::vector<PrefillPiece>& pieces) override {
    for (const PrefillPiece& piece : pieces) {
      for (int64_t at = piece.begin; at < piece.end; ++at) cache_.Feed(piece.pages(), at, piece.TokenAt(at));
      resumed_ += piece.sample != nullptr ? 1 : 0;
    }
    return absl::OkStatus();
  }

  absl::Status UpdateRows(int, const std::vector<PendingUpdate>& updates, const std::vector<PageCopy>& copies) override {
    ++update_calls_;
    CheckDisjoint(updates);
    for (const auto& [update, pages] : updates) {
      const bool renew = update.from == update.to;
      renewals_ += renew ? 1 : 0;
      if (update.from >= 0 && !renew) {
        rows_[update.to] = rows_[update.from];
        tables_[update.to] = tables_[update.from];
        rows_[update.from].position = -1;
        continue;
      }
      if (renew || update.row.position >= 0) tables_[update.to] = *pages;
      if (!renew) rows_[update.to] = update.row;
    }
    for (const PageCopy& copy : copies) cache_.Copy(copy.from, copy.to);
    return absl::OkStatus();
  }

  // Graphs for 1, 2, 4, … rows.
  int BatchFor(int rows) const override {
    int batch = 1;
    while (batch < rows) batch *= 2;
    return batch;
  }

  absl::Status Decode(int turn, int rows, bool) override {
    const int batch = std::min(BatchFor(rows), static_cast<int>(rows_.size()));
    for (size_t r = batch; r < rows_.size(); ++r) EXPECT_LT(rows_[r].position, 0) << "a row that runs is not in the batch";
    results_[turn].assign(batch, {});
    for (int r = 0; r < batch; ++r) {
      DecodeRow& row = rows_[r];
      if (row.position < 0) continue;
      const uint64_t value = cache_.Feed(tables_[r], row.position, row.token);
      const int32_t token =
          DrawToken(value, {row.seed, static_cast<int64_t>(row.step), static_cast<int64_t>(row.slot), static_cast<int32_t>(row.sample), row.index});
      const bool ended = row.index + 1 >= row.most_tokens || (ends_ && token == kEos);
      results_[turn][r] = {token, 0, 1, ended ? 1 : 0};
      row.token = token;
      row.index += 1;
      row.position = ended ? -1 : row.position + 1;
    }
    return absl::OkStatus();
  }

  absl::Status Finish(int) override { return absl::OkStatus(); }
  absl::StatusOr<const RowResult*> WaitForResults(int turn) override { return results_[turn].data(); }

  int renewals() const { return renewals_; }
  int update_calls() const { return update_calls_; }
  int resumed() const { return resumed_; }  // Pieces of samples that had been preempted.

 private:
  // Updates of one step are applied side by side.
  static void CheckDisjoint(const std::vector<PendingUpdate>& updates) {
    std::set<int> touched;
    for (const PendingUpdate& pending : updates) {
      EXPECT_TRUE(touched.insert(pending.update.to).second);
      if (pending.update.from >= 0 && pending.update.from != pending.update.to) {
        EXPECT_TRUE(touched.insert(pending.update.from).second);
      }
    }
  }

  const bool ends_;  // kEos ends a completion.
  ModelCache cache_;
  std::vector<DecodeRow> rows_;
  std::vector<std::vector<int32_t>> tables_;
  std::vector<RowResult> results_[2];
  int renewals_ = 0;
  int update_calls_ = 0;
  int resumed_ = 0;
};

SchedulerOptions SmallOptions() {
  SchedulerOptions options;
  options.vocab_size = kVocab;
  options.eos_token_ids = {kEos};
  options.max_context = 64;
  options.max_batch = 12;
  options.prefill_tokens = 16;
  options.pages = 400;
  options.page_tokens = kPage;
  options.pages_ahead = true;
  return options;
}

struct Trace {
  int64_t preemptions = 0;
  int resumed = 0;
  int renewals = 0;
};

Trace RunTrace(uint64_t seed) {
  random::Stream stream(seed, 1);
  SchedulerOptions options = SmallOptions();
  options.max_batch = 1 + static_cast<int>(stream.NextBelow(14));
  options.prefill_tokens = 1 + stream.NextBelow(24);
  options.pages = 18 + stream.NextBelow(stream.NextBelow(2) == 0 ? 8 : 80);
  options.expected_share = 0.5 * stream.NextBelow(3);
  FakeGpu gpu(options);
  Pipeline pipeline(options, gpu);
  Scheduler& scheduler = pipeline.scheduler();
  Ledger ledger(options.max_context);
  DriveTrace(stream, options, scheduler, ledger, [&] { EXPECT_OK(pipeline.Step(0)); });
  return {scheduler.load().preemptions, gpu.resumed(), gpu.renewals()};
}

TEST(PipelineTest, RandomTracesGiveEverySampleItsTokensWhateverWasPreempted) {
  Trace all;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Trace trace = RunTrace(seed);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    all.preemptions += trace.preemptions;
    all.resumed += trace.resumed;
    all.renewals += trace.renewals;
  }
  EXPECT_GT(all.preemptions, 300) << "the traces are meant to run short of pages";
  EXPECT_GT(all.resumed, 100);
  EXPECT_GT(all.renewals, 1000);
}

GroupRequest Request(int64_t id, int prompt, int samples, int tokens) {
  random::Stream stream(5, id);
  GroupRequest request = RandomRequest(stream, id, 1, 1, 1);
  request.samples = samples;
  request.prompt.assign(prompt, 7);
  request.sampling.set_max_new_tokens(tokens);
  return request;
}

TEST(PipelineTest, WithoutPressureTheGpuIsToldOfARowOnce) {
  SchedulerOptions options = SmallOptions();
  options.eos_token_ids.clear();
  FakeGpu gpu(options);
  Pipeline pipeline(options, gpu);
  ASSERT_OK(pipeline.scheduler().Add(Request(1, 9, 8, 50)));
  ASSERT_OK(pipeline.scheduler().Add(Request(2, 3, 4, 50)));
  int steps = 0;
  while (!pipeline.scheduler().empty() && steps < 1000) {
    ASSERT_OK(pipeline.Step(0));
    ++steps;
  }
  EXPECT_EQ(gpu.update_calls(), 1);
  EXPECT_EQ(gpu.renewals(), 0);
  EXPECT_EQ(steps, 51) << "one for each token, and one to collect the last";
}

TEST(PipelineTest, ATokenIsKnownOneStepAfterItWasSampledAndNamesTheVersionThatGaveIt) {
  SchedulerOptions options = SmallOptions();
  options.eos_token_ids.clear();
  FakeGpu gpu(options);
  Pipeline pipeline(options, gpu);
  GroupRequest request = Request(1, 5, 1, 4);
  request.stream = true;
  ASSERT_OK(pipeline.scheduler().Add(request));
  ASSERT_OK(pipeline.Step(1));
  EXPECT_THAT(pipeline.scheduler().completions().TakeTokens(), SizeIs(0));
  ASSERT_OK(pipeline.Step(1));
  EXPECT_THAT(pipeline.scheduler().completions().TakeTokens(), SizeIs(1));
  for (int step = 0; step < 10; ++step) ASSERT_OK(pipeline.Step(2));
  EXPECT_THAT(pipeline.scheduler().completions().TakeFinished()[0].samples[0].versions, ElementsAre(1, 1, 2, 2));
}

TEST(PipelineTest, APreemptedSampleKeepsTheTokenThatWasOnItsWayAndTheVersionsItHad) {
  SchedulerOptions options = SmallOptions();
  options.eos_token_ids.clear();
  options.pages = 9;
  options.expected_share = 0;
  FakeGpu gpu(options);
  Pipeline pipeline(options, gpu);
  Scheduler& scheduler = pipeline.scheduler();
  Ledger ledger(options.max_context, /*ends=*/false);
  for (int id = 0; id < 2; ++id) {
    ASSERT_OK(scheduler.Add(Request(id, 5, 1, 20)));
    ledger.Added(Request(id, 5, 1, 20));
  }
  for (int step = 0; step < 100 && scheduler.load().preemptions == 0; ++step) ASSERT_OK(pipeline.Step(7));
  std::map<int64_t, std::vector<int64_t>> versions;
  for (int step = 0; step < 200 && !scheduler.empty(); ++step) {
    ASSERT_OK(pipeline.Step(8));
    const auto finished = scheduler.completions().TakeFinished();
    ledger.Check(finished);
    for (const FinishedGroup& group : finished) versions[group.id] = group.samples[0].versions;
  }
  EXPECT_TRUE(ledger.empty());
  EXPECT_GT(gpu.resumed(), 0);
  for (const auto& [id, of] : versions) {
    EXPECT_TRUE(std::is_sorted(of.begin(), of.end()));
    EXPECT_EQ(of.front(), 7);
    EXPECT_EQ(of.back(), 8);
  }
}

TEST(PipelineTest, RowsOfAbortedSamplesAreEmptiedAndTheOthersGoOn) {
  SchedulerOptions options = SmallOptions();
  FakeGpu gpu(options);
  Pipeline pipeline(options, gpu);
  Scheduler& scheduler = pipeline.scheduler();
  Ledger ledger(options.max_context);
  ASSERT_OK(scheduler.Add(Request(1, 9, 8, 40)));
  ledger.Added(Request(1, 9, 8, 40));
  for (int step = 0; step < 4; ++step) ASSERT_OK(pipeline.Step(0));
  const int64_t before = scheduler.free_pages();
  for (int sample : {0, 3, 4, 5, 6}) {
    ledger.AbortedSample(1, sample);
    scheduler.AbortSample(1, sample);
  }
  EXPECT_GT(scheduler.free_pages(), before);
  for (int step = 0; step < 100; ++step) ASSERT_OK(pipeline.Step(0));
  ledger.Check(scheduler.completions().TakeFinished());
  EXPECT_TRUE(ledger.empty());
  EXPECT_EQ(scheduler.free_pages(), options.pages);
}

}  // namespace
}  // namespace cohort::rollout::cuda
