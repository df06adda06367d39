#include "services/rollout/engine/schedule/scheduler.h"

#include <set>

#include "common/testing/status_matchers.h"
#include "tests/unit/services/rollout/engine/schedule/model_cache.h"
#include "tests/unit/services/rollout/engine/schedule/trace.h"

namespace cohort::rollout {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using rollout::testing::DrawToken;
using rollout::testing::KeyOf;
using rollout::testing::kEos;
using rollout::testing::kVocab;
using rollout::testing::Ledger;
using rollout::testing::ModelCache;
using rollout::testing::RandomRequest;

SchedulerOptions SmallOptions() {
  SchedulerOptions options;
  options.vocab_size = kVocab;
  options.eos_token_ids = {kEos};
  options.max_context = 64;
  options.max_batch = 8;
  options.prefill_tokens = 16;
  options.pages = 20;
  options.page_tokens = 4;
  return options;
}

// Steps as an engine that waits for every result does.
class SteppingEngine {
 public:
  explicit SteppingEngine(const SchedulerOptions& options) : options_(options), scheduler_(options), cache_(options.pages, options.page_tokens) {}

  Scheduler& scheduler() { return scheduler_; }

  void Step(const Ledger& ledger) {
    const std::vector<PrefillPiece>& pieces = scheduler_.Plan();
    CheckOrder(pieces, ledger);
    std::vector<std::pair<Sample*, uint64_t>> results;
    for (Sample* sample : scheduler_.batch()) {
      if (sample->state != Sample::State::kRunning) continue;
      const int64_t position = sample->position();
      results.push_back({sample, cache_.Feed(sample->pages, position, sample->TokenAt(position))});
    }
    for (const PrefillPiece& piece : pieces) {
      for (int64_t at = piece.begin; at < piece.end; ++at) {
        const uint64_t value = cache_.Feed(piece.pages(), at, piece.TokenAt(at));
        if (piece.sample == nullptr) behind_prompt_[piece.group->request.id] = value;
      }
    }
    for (const auto& [sample, value] : results) Take(*sample, value);
    for (const SampleStart& start : scheduler_.StartSamples()) {
      if (start.copy.to >= 0) cache_.Copy(start.copy.from, start.copy.to);
      // Engines that prefill whole prompts have the logits of the first token already.
      if (options_.whole_prompts && start.sample->issued == 0) Take(*start.sample, behind_prompt_.at(start.sample->group->request.id));
    }
    scheduler_.Retire();
    CheckPages();
  }

 private:
  void Take(Sample& sample, uint64_t value) {
    const int32_t token = DrawToken(value, KeyOf(sample.group->request, sample.index, sample.issued++));
    scheduler_.Record(sample, token, 0, 0);
  }

  void CheckOrder(const std::vector<PrefillPiece>& pieces, const Ledger& ledger) {
    const std::vector<Sample*>& batch = scheduler_.batch();
    ASSERT_LE(static_cast<int>(batch.size()), options_.max_batch);
    for (size_t i = 1; i < batch.size(); ++i) {
      ASSERT_LT(std::pair(batch[i - 1]->group->order, batch[i - 1]->index), std::pair(batch[i]->group->order, batch[i]->index));
    }
    int64_t tokens = 0;
    for (const PrefillPiece& piece : pieces) tokens += piece.end - piece.begin;
    ASSERT_LE(tokens, options_.prefill_tokens);
    if (ledger.empty()) return;
    const bool runs = !batch.empty() && batch.front()->group->request.id == ledger.oldest();
    const bool is_filled = !pieces.empty() && pieces.front().group->request.id == ledger.oldest();
    ASSERT_TRUE(runs || is_filled) << "the oldest group makes no progress";
  }

  void CheckPages() {
    std::map<int32_t, const Group*> holders;
    std::set<const Group*> groups;
    for (const Sample* sample : scheduler_.batch()) groups.insert(sample->group);
    for (const Group* group : groups) {
      for (const int32_t page : group->prompt_pages) ASSERT_TRUE(holders.emplace(page, group).second);
    }
    for (const Sample* sample : scheduler_.batch()) {
      for (size_t i = 0; i < sample->pages.size(); ++i) {
        const bool shared = static_cast<int64_t>(i) < scheduler_.needs().WholeSharedPages(*sample->group);
        if (shared) {
          ASSERT_EQ(sample->pages[i], sample->group->prompt_pages[i]);
        } else {
          ASSERT_TRUE(holders.emplace(sample->pages[i], sample->group).second) << "a page has two owners";
        }
      }
    }
    ASSERT_LE(scheduler_.free_pages() + static_cast<int64_t>(holders.size()), options_.pages);
  }

  const SchedulerOptions options_;
  Scheduler scheduler_;
  ModelCache cache_;
  std::map<int64_t, uint64_t> behind_prompt_;
};

SchedulerOptions RandomOptions(random::Stream& stream) {
  SchedulerOptions options = SmallOptions();
  options.max_batch = 1 + static_cast<int>(stream.NextBelow(12));
  options.prefill_tokens = 1 + stream.NextBelow(24);
  options.pages = 18 + stream.NextBelow(stream.NextBelow(2) == 0 ? 8 : 80);
  options.whole_prompts = stream.NextBelow(2) == 0;
  options.pages_ahead = stream.NextBelow(2) == 0;
  options.expected_share = 0.5 * stream.NextBelow(3);
  return options;
}

// A random trace. How many samples were preempted.
int64_t RunTrace(uint64_t seed) {
  random::Stream stream(seed, 0);
  const SchedulerOptions options = RandomOptions(stream);
  SteppingEngine engine(options);
  Scheduler& scheduler = engine.scheduler();
  Ledger ledger(options.max_context);
  DriveTrace(stream, options, scheduler, ledger, [&] { engine.Step(ledger); });
  EXPECT_THAT(scheduler.batch(), IsEmpty());
  return scheduler.load().preemptions;
}

TEST(SchedulerTest, RandomTracesLoseNothingAndTheOldestGroupAlwaysProgresses) {
  int64_t preemptions = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    preemptions += RunTrace(seed);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(preemptions, 300) << "the traces are meant to run short of pages";
}

GroupRequest Request(int64_t id, int prompt, int samples, int tokens) {
  random::Stream stream(5, id);
  GroupRequest request = RandomRequest(stream, id, 1, 1, 1);
  request.samples = samples;
  request.prompt.assign(prompt, 7);
  request.sampling.set_max_new_tokens(tokens);
  return request;
}

TEST(SchedulerTest, ShortCompletionsMakeRoomForMoreGroupsThanTheWorstCaseWould) {
  SchedulerOptions options = SmallOptions();
  options.max_batch = 100;
  const auto admitted = [&](double share) {
    options.expected_share = share;
    Scheduler scheduler(options);
    int groups = 0;
    while (scheduler.Add(Request(groups, 4, 1, 33)).ok()) ++groups;
    return groups;
  };
  EXPECT_EQ(admitted(1), 2) << "each may need 10 pages of 20";
  EXPECT_EQ(admitted(0.25), 5);
  EXPECT_EQ(admitted(0), 6) << "what it needs now, and a page for each sample to grow into";
}

TEST(SchedulerTest, WhatIsExpectedFollowsTheLengthsThatCompletionsHave) {
  LengthEstimate lengths(1);
  for (int i = 0; i < 500; ++i) lengths.Add(10, 100);
  EXPECT_NEAR(lengths.share(), 0.1, 0.01);
  for (int i = 0; i < 500; ++i) lengths.Add(100, 100);
  EXPECT_NEAR(lengths.share(), 1, 0.01);
}

TEST(SchedulerTest, AGroupThatCannotFitEvenAloneIsRefusedAndNamesTheField) {
  SchedulerOptions options = SmallOptions();
  options.pages = 6;
  Scheduler scheduler(options);
  EXPECT_THAT(scheduler.Add(Request(0, 9, 1, 30)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sampling.max_new_tokens")));
  EXPECT_OK(scheduler.Add(Request(0, 9, 1, 12)));
  EXPECT_THAT(scheduler.Add(Request(0, 9, 1, 12)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("already")));
}

TEST(SchedulerTest, TheYoungestGivesWayAndComesBackWithItsTokens) {
  SchedulerOptions options = SmallOptions();
  options.eos_token_ids.clear();
  options.pages = 9;
  options.expected_share = 0;
  SteppingEngine engine(options);
  Scheduler& scheduler = engine.scheduler();
  Ledger none(options.max_context);
  ASSERT_OK(scheduler.Add(Request(0, 5, 1, 20)));
  ASSERT_OK(scheduler.Add(Request(1, 5, 1, 20)));
  for (int step = 0; step < 100 && scheduler.load().preemptions == 0; ++step) engine.Step(none);
  ASSERT_THAT(scheduler.batch(), SizeIs(1));
  EXPECT_EQ(scheduler.batch()[0]->group->request.id, 0);
  std::vector<int64_t> ended;
  for (int step = 0; step < 200 && !scheduler.empty(); ++step) {
    engine.Step(none);
    for (const FinishedGroup& group : scheduler.completions().TakeFinished()) {
      EXPECT_THAT(group.samples[0].tokens, SizeIs(20));
      ended.push_back(group.id);
    }
  }
  EXPECT_THAT(ended, ElementsAre(0, 1));
}

TEST(SchedulerTest, PagesGivenAheadAreTakenBackBeforeAnybodyIsPreempted) {
  SchedulerOptions options = SmallOptions();
  options.pages_ahead = true;
  options.expected_share = 0.25;
  SteppingEngine engine(options);
  Scheduler& scheduler = engine.scheduler();
  Ledger none(options.max_context);
  ASSERT_OK(scheduler.Add(Request(0, 4, 1, 50)));
  engine.Step(none);
  ASSERT_THAT(scheduler.batch(), SizeIs(1));
  EXPECT_THAT(scheduler.batch()[0]->pages, SizeIs(14)) << "all it may need";
  for (int id = 1; id < 4; ++id) ASSERT_OK(scheduler.Add(Request(id, 4, 1, 50)));
  for (int step = 0; step < 3; ++step) engine.Step(none);
  EXPECT_THAT(scheduler.batch(), SizeIs(4));
  EXPECT_EQ(scheduler.load().preemptions, 0);
  EXPECT_LT(scheduler.batch()[0]->pages.size(), 14);
}

TEST(SchedulerTest, AnAbortedSampleFreesItsPagesAtOnceAndEndsTheGroupWhenItIsTheLast) {
  SchedulerOptions options = SmallOptions();
  options.eos_token_ids.clear();
  SteppingEngine engine(options);
  Scheduler& scheduler = engine.scheduler();
  Ledger none(options.max_context);
  ASSERT_OK(scheduler.Add(Request(3, 4, 2, 20)));
  for (int step = 0; step < 6; ++step) engine.Step(none);
  const int64_t before = scheduler.free_pages();
  scheduler.AbortSample(3, 1);
  scheduler.AbortSample(3, 1);
  scheduler.AbortSample(3, 2);
  scheduler.AbortSample(4, 0);
  EXPECT_GT(scheduler.free_pages(), before);
  EXPECT_THAT(scheduler.batch(), SizeIs(1));
  scheduler.AbortSample(3, 0);
  const auto finished = scheduler.completions().TakeFinished();
  ASSERT_THAT(finished, SizeIs(1));
  EXPECT_OK(finished[0].status);
  for (const FinishedSample& sample : finished[0].samples) {
    EXPECT_EQ(sample.finish_reason, common::v1::FINISH_REASON_ABORTED);
    EXPECT_FALSE(sample.tokens.empty());
  }
  EXPECT_EQ(scheduler.free_pages(), options.pages);
}

}  // namespace
}  // namespace cohort::rollout
