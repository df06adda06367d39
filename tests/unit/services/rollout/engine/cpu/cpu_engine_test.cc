#include "services/rollout/engine/cpu/cpu_engine.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "tests/unit/services/rollout/engine/cpu/tiny_model.h"

namespace cohort::rollout::cpu {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::StatusIs;
using rollout::testing::MakeModel;
using rollout::testing::OddConfig;
using rollout::testing::RandomWeights;
using rollout::testing::TestModel;
using rollout::testing::TinyConfig;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

GroupRequest Request(int64_t slot, int samples = 4, int max_new_tokens = 24, int64_t prompt_tokens = 9) {
  GroupRequest request;
  request.id = slot;
  request.slot = slot;
  request.samples = samples;
  for (int64_t i = 0; i < prompt_tokens; ++i) request.prompt.push_back(static_cast<int32_t>((slot * 5 + i * 3) % 37 + 3));
  request.sampling.set_temperature(1);
  request.sampling.set_max_new_tokens(max_new_tokens);
  request.sampling.set_seed(99);
  return request;
}

std::string Describe(const FinishedGroup& group) {
  std::string text = group.status.ToString();
  for (const FinishedSample& sample : group.samples) {
    text += "\n" + std::to_string(sample.finish_reason);
    for (size_t i = 0; i < sample.tokens.size(); ++i) {
      char piece[64];
      // %a shows every bit.
      snprintf(piece, sizeof piece, " %d:%a@%lld", sample.tokens[i], sample.logprobs[i], static_cast<long long>(sample.versions[i]));
      text += piece;
    }
  }
  return text;
}

class CpuEngineTest : public ::testing::Test {
 protected:
  std::unique_ptr<CpuEngine> Engine(CpuEngineOptions options = {}) {
    auto engine = CpuEngine::Create(model_.config, model_.layout, options);
    EXPECT_OK(engine);
    EXPECT_OK((*engine)->SetWeights(model_.weights, 0));
    return *std::move(engine);
  }

  static std::map<int64_t, std::string> RunToTheEnd(CpuEngine& engine, int steps = 1000) {
    std::map<int64_t, std::string> results;
    for (int i = 0; i < steps && engine.load().groups > 0; ++i) {
      EXPECT_OK(engine.Step());
      for (const FinishedGroup& group : engine.TakeFinished()) results[group.id] = Describe(group);
    }
    return results;
  }

  std::string Alone(const GroupRequest& request) {
    auto engine = Engine();
    EXPECT_OK(engine->Add(request));
    return RunToTheEnd(*engine)[request.id];
  }

  TestModel model_ = MakeModel(TinyConfig());
};

TEST_F(CpuEngineTest, WeightsInBf16SampleWhatTheSameValuesInFp32Do) {
  const auto rounded = std::make_shared<model::Arena>(model_.layout.size(), model::DType::kBfloat16), exact = std::make_shared<model::Arena>(model_.layout.size());
  model::Convert(*model_.weights, *rounded);
  model::Convert(*rounded, *exact);
  auto a = Engine(), b = Engine();
  ASSERT_OK(a->SetWeights(rounded, 1));
  ASSERT_OK(b->SetWeights(exact, 1));
  ASSERT_OK(a->Add(Request(1)));
  ASSERT_OK(b->Add(Request(1)));
  EXPECT_EQ(RunToTheEnd(*a), RunToTheEnd(*b));
}

TEST_F(CpuEngineTest, AGroupDoesNotDependOnWhatElseIsInTheBatch) {
  auto engine = Engine();
  for (int64_t slot = 0; slot < 32; ++slot) ASSERT_OK(engine->Add(Request(slot, 4, 8 + slot % 20, 3 + slot % 30)));
  EXPECT_EQ(engine->load().free_sequences, 0);
  const auto together = RunToTheEnd(*engine);
  ASSERT_THAT(together, SizeIs(32));
  for (int64_t slot : {0, 13, 14, 31}) EXPECT_EQ(together.at(slot), Alone(Request(slot, 4, 8 + slot % 20, 3 + slot % 30)));
}

TEST_F(CpuEngineTest, AnyScheduleThreadsAndInstructionSetGiveTheSameBits) {
  const std::string expected = Alone(Request(3, 6, 30, 21));
  for (InstructionSet set : SupportedInstructionSets()) {
    for (int threads : {1, 2}) {
      CpuEngineOptions options;
      options.kernels = &KernelsFor(set);
      options.threads = threads;
      options.prefill_tokens = 4;
      options.max_batch = 20;
      auto engine = Engine(options);
      ASSERT_OK(engine->Add(Request(1)));
      ASSERT_OK(engine->Step());
      ASSERT_OK(engine->Add(Request(3, 6, 30, 21)));
      ASSERT_OK(engine->Step());
      ASSERT_OK(engine->Add(Request(2, 7, 4)));
      EXPECT_EQ(RunToTheEnd(*engine)[3], expected) << KernelsFor(set).name << " with " << threads << " threads";
    }
  }
}

TEST_F(CpuEngineTest, SharingThePromptEqualsSeparateRuns) {
  // Prompts that end inside a page, at its end, and that span several pages.
  for (int64_t prompt : {9, 16, 35}) {
    const std::string group = Alone(Request(0, 5, 20, prompt));
    for (int sample = 0; sample < 5; ++sample) {
      // The last sample of a smaller group: its neighbours and page copies differ, the sample must not.
      const std::string smaller = Alone(Request(0, sample + 1, 20, prompt));
      EXPECT_THAT(group, ::testing::StartsWith(smaller)) << sample << " of a prompt of " << prompt;
    }
  }
}

TEST_F(CpuEngineTest, AGroupLargerThanTheBatchRunsInTurns) {
  CpuEngineOptions options;
  options.max_batch = 3;
  auto engine = Engine(options);
  ASSERT_OK(engine->Add(Request(5, 10)));
  EXPECT_EQ(RunToTheEnd(*engine)[5], Alone(Request(5, 10)));
}

// Pages for `pages` times 16 positions of TinyConfig(), and hope that completions stay short.
CpuEngineOptions Tight(int64_t pages) {
  CpuEngineOptions options;
  options.kv_bytes = pages * 4 * 2 * 2 * 32 * kPageTokens * int64_t{sizeof(float)};
  options.expected_share = 0;
  options.prefill_tokens = 24;
  return options;
}

TEST_F(CpuEngineTest, WhatIsPreemptedGivesTheSameBits) {
  model_.config.eos_token_ids = {2};
  // From "one sample at a time" to "hardly ever too little".
  for (const int64_t pages : {11, 17, 40}) {
    auto engine = Engine(Tight(pages));
    std::map<int64_t, std::string> together;
    int64_t slot = 0;
    for (int steps = 0; slot < 8 || engine->load().groups > 0; ++steps) {
      ASSERT_LT(steps, 10000);
      while (slot < 8 && engine->Add(Request(slot, 1 + slot % 5, 60 + slot * 7, 3 + slot * 6)).ok()) ++slot;
      ASSERT_OK(engine->Step());
      for (const FinishedGroup& group : engine->TakeFinished()) together[group.id] = Describe(group);
    }
    EXPECT_GT(engine->load().preemptions, 0) << pages << " pages";
    for (slot = 0; slot < 8; ++slot) EXPECT_EQ(together[slot], Alone(Request(slot, 1 + slot % 5, 60 + slot * 7, 3 + slot * 6))) << pages << " pages";
    EXPECT_EQ(engine->load().free_kv_tokens, pages * kPageTokens);
  }
}

TEST_F(CpuEngineTest, ATokenIsStreamedOnceAlsoWhenItsSampleIsPreempted) {
  model_.config.eos_token_ids.clear();
  auto engine = Engine(Tight(10));
  for (int64_t slot = 0; slot < 2; ++slot) {
    GroupRequest request = Request(slot, 2, 70);
    request.stream = true;
    ASSERT_OK(engine->Add(request));
  }
  std::map<std::pair<int64_t, int>, std::vector<int32_t>> streamed;
  while (engine->load().groups > 0) {
    ASSERT_OK(engine->Step());
    for (const SampledToken& token : engine->TakeTokens()) streamed[{token.group, token.sample}].push_back(token.token);
  }
  EXPECT_GT(engine->load().preemptions, 0);
  for (const FinishedGroup& group : engine->TakeFinished()) {
    for (int sample : {0, 1}) EXPECT_EQ((streamed[{group.id, sample}]), group.samples[sample].tokens);
  }
}

TEST_F(CpuEngineTest, ASampleThatResumesOnNewWeightsKeepsItsTokensAndTheirVersions) {
  model_.config.eos_token_ids.clear();
  auto old = Engine();
  ASSERT_OK(old->Add(Request(1, 1, 70)));
  while (old->load().groups > 0) ASSERT_OK(old->Step());
  const FinishedSample before = old->TakeFinished()[0].samples[0];

  auto engine = Engine(Tight(8));
  for (int64_t slot = 0; slot < 2; ++slot) ASSERT_OK(engine->Add(Request(slot, 1, 70)));
  for (int step = 0; step < 70 && engine->load().preemptions == 0; ++step) ASSERT_OK(engine->Step());
  ASSERT_OK(engine->SetWeights(RandomWeights(model_.layout, 2), 7));
  while (engine->load().groups > 0) ASSERT_OK(engine->Step());
  const auto finished = engine->TakeFinished();
  ASSERT_THAT(finished, SizeIs(2));
  EXPECT_EQ(finished[1].id, 1) << "the younger one";
  const FinishedSample& sample = finished[1].samples[0];
  const auto first_new = std::find(sample.versions.begin(), sample.versions.end(), 7);
  const int64_t kept = first_new - sample.versions.begin();
  EXPECT_GT(kept, 10);
  EXPECT_TRUE(std::all_of(first_new, sample.versions.end(), [](int64_t version) { return version == 7; }));
  EXPECT_THAT(std::vector(sample.tokens.begin(), sample.tokens.begin() + kept), ElementsAreArray(before.tokens.begin(), before.tokens.begin() + kept));
  EXPECT_THAT(std::vector(sample.logprobs.begin(), sample.logprobs.begin() + kept), ElementsAreArray(before.logprobs.begin(), before.logprobs.begin() + kept));

  // Its keys and values were computed with the new weights: what follows has the log-probability that these give it behind this context.
  auto fresh = Engine();
  ASSERT_OK(fresh->SetWeights(RandomWeights(model_.layout, 2), 7));
  GroupRequest next = Request(1, 64, 1);
  next.prompt.insert(next.prompt.end(), sample.tokens.begin(), sample.tokens.begin() + kept);
  ASSERT_OK(fresh->Add(next));
  while (fresh->load().groups > 0) ASSERT_OK(fresh->Step());
  const auto drawn = fresh->TakeFinished();
  std::set<float> logprobs;
  for (const FinishedSample& one : drawn[0].samples) {
    if (one.tokens[0] == sample.tokens[kept]) logprobs.insert(one.logprobs[0]);
  }
  EXPECT_THAT(logprobs, ElementsAre(sample.logprobs[kept]));
}

TEST_F(CpuEngineTest, AnAbortedSampleLeavesTheOthersOfItsGroupAsTheyWere) {
  model_.config.eos_token_ids.clear();
  auto whole = Engine();
  ASSERT_OK(whole->Add(Request(0, 4, 30)));
  while (whole->load().groups > 0) ASSERT_OK(whole->Step());
  const std::vector<FinishedSample> expected = whole->TakeFinished()[0].samples;

  auto engine = Engine();
  const int64_t room = engine->load().free_kv_tokens;
  ASSERT_OK(engine->Add(Request(0, 4, 30)));
  for (int step = 0; step < 12; ++step) ASSERT_OK(engine->Step());
  const EngineLoad before = engine->load();
  engine->AbortSample(0, 2);
  EXPECT_EQ(engine->load().sequences, before.sequences - 1);
  EXPECT_EQ(engine->load().free_sequences, before.free_sequences + 1);
  EXPECT_GT(engine->load().free_kv_tokens, before.free_kv_tokens);
  while (engine->load().groups > 0) ASSERT_OK(engine->Step());
  const auto finished = engine->TakeFinished();
  ASSERT_THAT(finished, SizeIs(1));
  for (int i : {0, 1, 3}) {
    EXPECT_EQ(finished[0].samples[i].tokens, expected[i].tokens);
    EXPECT_EQ(finished[0].samples[i].logprobs, expected[i].logprobs);
  }
  const FinishedSample& aborted = finished[0].samples[2];
  EXPECT_EQ(aborted.finish_reason, common::v1::FINISH_REASON_ABORTED);
  EXPECT_THAT(aborted.tokens, SizeIs(12));
  EXPECT_TRUE(std::equal(aborted.tokens.begin(), aborted.tokens.end(), expected[2].tokens.begin()));
  EXPECT_EQ(engine->load().free_kv_tokens, room);
}

TEST_F(CpuEngineTest, LogProbabilitiesBelongToTheSampledTokens) {
  auto engine = Engine();
  ASSERT_OK(engine->Add(Request(0, 8)));
  while (engine->load().groups > 0) ASSERT_OK(engine->Step());
  const auto finished = engine->TakeFinished();
  ASSERT_THAT(finished, SizeIs(1));
  double sum = 0;
  int64_t tokens = 0;
  for (const FinishedSample& sample : finished[0].samples) {
    ASSERT_EQ(sample.tokens.size(), sample.logprobs.size());
    for (float logprob : sample.logprobs) {
      EXPECT_LE(logprob, 0.0f);
      sum += logprob;
      ++tokens;
    }
  }
  // The mean is minus the entropy of the policy, which is positive and below that of the uniform distribution.
  EXPECT_LT(sum / tokens, -0.1);
  EXPECT_GT(sum / tokens, -std::log(40.0) - 0.5);
}

TEST_F(CpuEngineTest, EndsAtTheEndOfSequenceTokenOrAtTheLimit) {
  auto engine = Engine();
  for (int64_t slot = 0; slot < 16; ++slot) ASSERT_OK(engine->Add(Request(slot, 8, 40)));
  while (engine->load().groups > 0) ASSERT_OK(engine->Step());
  int stopped = 0, cut = 0;
  for (const FinishedGroup& group : engine->TakeFinished()) {
    for (const FinishedSample& sample : group.samples) {
      if (sample.finish_reason == common::v1::FINISH_REASON_STOP) {
        EXPECT_EQ(sample.tokens.back(), 2);
        ++stopped;
      } else {
        EXPECT_EQ(sample.finish_reason, common::v1::FINISH_REASON_LENGTH);
        EXPECT_THAT(sample.tokens, SizeIs(40));
        ++cut;
      }
      EXPECT_EQ(std::count(sample.tokens.begin(), sample.tokens.end() - 1, 2), 0) << "nothing follows the end";
    }
  }
  EXPECT_GT(stopped, 0);
  EXPECT_GT(cut, 0);
}

TEST_F(CpuEngineTest, TheContextEndsACompletion) {
  CpuEngineOptions options;
  options.max_context = 20;
  model_.config.eos_token_ids.clear();
  auto engine = Engine(options);
  ASSERT_OK(engine->Add(Request(0, 1, 100, 12)));
  while (engine->load().groups > 0) ASSERT_OK(engine->Step());
  const auto finished = engine->TakeFinished();
  EXPECT_THAT(finished[0].samples[0].tokens, SizeIs(8));
  EXPECT_EQ(finished[0].samples[0].finish_reason, common::v1::FINISH_REASON_LENGTH);
}

TEST_F(CpuEngineTest, NewWeightsBetweenStepsAreRecordedPerToken) {
  model_.config.eos_token_ids.clear();
  auto engine = Engine();
  ASSERT_OK(engine->Add(Request(0, 2, 6)));
  ASSERT_OK(engine->Step());  // Prefills; the first token.
  ASSERT_OK(engine->Step());
  ASSERT_OK(engine->SetWeights(RandomWeights(model_.layout, 2), 7));
  while (engine->load().groups > 0) ASSERT_OK(engine->Step());
  const auto finished = engine->TakeFinished();
  for (const FinishedSample& sample : finished[0].samples) EXPECT_THAT(sample.versions, ElementsAre(0, 0, 7, 7, 7, 7));
  // The first two tokens are those of the old weights.
  auto old = Engine();
  ASSERT_OK(old->Add(Request(0, 2, 2)));
  while (old->load().groups > 0) ASSERT_OK(old->Step());
  const auto before = old->TakeFinished();
  for (int i : {0, 1}) {
    const auto& tokens = finished[0].samples[i].tokens;
    EXPECT_THAT(before[0].samples[i].tokens, ElementsAre(tokens[0], tokens[1]));
  }
}

TEST_F(CpuEngineTest, StreamedTokensAreTheFinishedOnes) {
  auto engine = Engine();
  GroupRequest request = Request(0, 3);
  request.stream = true;
  ASSERT_OK(engine->Add(request));
  ASSERT_OK(engine->Add(Request(1, 3)));
  std::map<int, std::vector<int32_t>> streamed;
  std::map<int, int> ends;
  while (engine->load().groups > 0) {
    ASSERT_OK(engine->Step());
    for (const SampledToken& token : engine->TakeTokens()) {
      EXPECT_EQ(token.group, 0);
      streamed[token.sample].push_back(token.token);
      if (token.finish_reason != common::v1::FINISH_REASON_UNSPECIFIED) ++ends[token.sample];
    }
  }
  for (const FinishedGroup& group : engine->TakeFinished()) {
    if (group.id != 0) continue;
    for (int sample : {0, 1, 2}) {
      EXPECT_EQ(streamed[sample], group.samples[sample].tokens);
      EXPECT_EQ(ends[sample], 1);
    }
  }
}

TEST_F(CpuEngineTest, AnAbortedGroupLeavesNothingBehind) {
  auto engine = Engine();
  const EngineLoad empty = engine->load();
  ASSERT_OK(engine->Add(Request(0)));
  ASSERT_OK(engine->Add(Request(1)));
  ASSERT_OK(engine->Step());
  engine->Abort(0);
  engine->Abort(12345);
  EXPECT_EQ(RunToTheEnd(*engine)[1], Alone(Request(1)));
  EXPECT_EQ(engine->load().free_kv_tokens, empty.free_kv_tokens);
  EXPECT_EQ(engine->load().free_sequences, empty.free_sequences);
  EXPECT_THAT(engine->TakeFinished(), IsEmpty());
}

TEST_F(CpuEngineTest, AFullEngineSaysSoAndTakesTheGroupLater) {
  CpuEngineOptions options;
  options.max_batch = 4;
  auto engine = Engine(options);
  ASSERT_OK(engine->Add(Request(0)));
  EXPECT_THAT(engine->Add(Request(1)), StatusIs(absl::StatusCode::kResourceExhausted));
  RunToTheEnd(*engine);
  EXPECT_OK(engine->Add(Request(1)));
}

TEST_F(CpuEngineTest, RefusesWhatCanNeverBeSampled) {
  CpuEngineOptions options;
  options.max_context = 32;
  auto engine = Engine(options);
  EXPECT_THAT(engine->Add(Request(0, 1, 8, 32)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("leaves no room in the context of 32")));
  EXPECT_THAT(engine->Add(Request(0, 1, 8, 0)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  EXPECT_THAT(engine->Add(Request(0, 0)), StatusIs(absl::StatusCode::kInvalidArgument));
  GroupRequest request = Request(0);
  request.prompt[2] = 40;
  EXPECT_THAT(engine->Add(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("token 40")));
}

TEST_F(CpuEngineTest, StepsOnlyWithWeightsOfTheRightSize) {
  auto engine = CpuEngine::Create(model_.config, model_.layout, {});
  ASSERT_OK(engine);
  ASSERT_OK((*engine)->Add(Request(0)));
  EXPECT_THAT((*engine)->Step(), HasReason("NO_POLICY"));
  EXPECT_THAT((*engine)->SetWeights(std::make_shared<model::Arena>(16), 0), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CpuEngineTest, WeightsThatAreNoNumbersFailTheGroupAndNotTheEngine) {
  auto engine = Engine();
  auto broken = RandomWeights(model_.layout, 1);
  broken->floats()[model_.layout.slot(model_.layout.final_norm()).offset] = std::numeric_limits<float>::quiet_NaN();
  ASSERT_OK(engine->SetWeights(broken, 1));
  ASSERT_OK(engine->Add(Request(0)));
  ASSERT_OK(engine->Step());
  const auto failed = engine->TakeFinished();
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_THAT(failed[0].status, HasReason("NON_FINITE"));
  ASSERT_OK(engine->SetWeights(model_.weights, 0));
  ASSERT_OK(engine->Add(Request(1)));
  EXPECT_EQ(RunToTheEnd(*engine)[1], Alone(Request(1)));
}

TEST(CpuEngineOptionsTest, ImpossibleOnesAreRefused) {
  const TestModel model = MakeModel(OddConfig());
  CpuEngineOptions options;
  options.max_context = 100000;
  EXPECT_THAT(CpuEngine::Create(model.config, model.layout, options), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256 positions")));
  options = {};
  options.kv_bytes = 1000;
  EXPECT_THAT(CpuEngine::Create(model.config, model.layout, options), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cache")));
  options = {};
  options.threads = 0;
  EXPECT_THAT(CpuEngine::Create(model.config, model.layout, options), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cohort::rollout::cpu
