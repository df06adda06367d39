#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "common/testing/status_matchers.h"
#include "tests/unit/services/rollout/engine/cuda/small_model.h"

namespace cohort::rollout::cuda {
namespace {

using namespace small_model;

// A cache of `pages` pages of 64 positions of SmallConfig(), and the hope that completions stay short.
CudaEngineOptions Tight(int64_t pages) {
  const model::ModelConfig config = SmallConfig();
  CudaEngineOptions options = SmallOptions();
  options.kv_bytes = pages * config.num_layers * config.num_kv_heads * 2 * kPageTokens * config.head_dim * 2;
  options.expected_share = 0;
  return options;
}

TEST(CudaPressureTest, WhatIsPreemptedGoesOnAsADoublePrecisionModelWould) {
  const TestModel model(SmallConfig());
  // From hardly more than one sample's worth to a little too few for all.
  for (const int64_t pages : {9, 16, 40}) {
    const auto engine = MakeEngine(model, Tight(pages));
    ASSERT_EQ(engine->load().free_kv_tokens, pages * kPageTokens);
    std::map<int64_t, GroupRequest> requests;
    std::map<int64_t, FinishedGroup> finished;
    std::map<std::pair<int64_t, int>, std::vector<int32_t>> streamed;
    for (int id = 0; id < 6; ++id) {
      requests[id] = Request(id, 1 + id * 33, 1 + id % 4, 150 + id * 20);
      requests[id].stream = true;
    }
    auto next = requests.begin();
    for (int steps = 0; next != requests.end() || engine->load().groups > 0; ++steps) {
      ASSERT_LT(steps, 20000);
      while (next != requests.end() && engine->Add(next->second).ok()) ++next;
      ASSERT_OK(engine->Step());
      for (const SampledToken& token : engine->TakeTokens()) streamed[{token.group, token.sample}].push_back(token.token);
      for (FinishedGroup& group : engine->TakeFinished()) finished[group.id] = std::move(group);
    }
    EXPECT_GT(engine->load().preemptions, 0) << pages << " pages";
    EXPECT_EQ(engine->load().free_kv_tokens, pages * kPageTokens);
    ASSERT_EQ(finished.size(), requests.size());
    for (const auto& [id, request] : requests) {
      ASSERT_OK(finished[id].status);
      EXPECT_LT(AgainstReference(model, request, finished[id]).mean(), kNoise) << "group " << id << ", " << pages << " pages";
      for (int i = 0; i < request.samples; ++i) {
        EXPECT_EQ(finished[id].samples[i].tokens.size(), request.sampling.max_new_tokens());
        EXPECT_EQ((streamed[{id, i}]), finished[id].samples[i].tokens) << "streamed once";
      }
    }
    std::printf("%d pages: %d preemptions\n", static_cast<int>(pages), static_cast<int>(engine->load().preemptions));
  }
}

TEST(CudaPressureTest, OneSampleAtATimeGivesTheTokensOfManyUpToRounding) {
  const TestModel model(SmallConfig());
  const GroupRequest request = Request(1, 70, 4, 200);
  const auto plenty = MakeEngine(model), tight = MakeEngine(model, Tight(9));
  ASSERT_OK(plenty->Add(request));
  ASSERT_OK(tight->Add(request));
  const auto expected = Finish(*plenty), got = Finish(*tight);
  EXPECT_EQ(plenty->load().preemptions, 0);
  EXPECT_GT(tight->load().preemptions, 0);
  int equal = 0, all = 0;
  for (int i = 0; i < 4; ++i) {
    const FinishedSample &a = expected.at(1).samples[i], &b = got.at(1).samples[i];
    ASSERT_EQ(a.tokens.size(), b.tokens.size());
    // Rounding may turn one draw; from there on these are two texts.
    const auto differ = std::mismatch(a.tokens.begin(), a.tokens.end(), b.tokens.begin()).first;
    equal += static_cast<int>(differ - a.tokens.begin());
    all += static_cast<int>(a.tokens.size());
  }
  std::printf("%d of %d tokens are equal\n", equal, all);
  EXPECT_GE(equal, 4) << "draws of the same numbers from the same distributions";
}

TEST(CudaPressureTest, TokensKeepTheVersionsOfTheWeightsThatGaveThem) {
  const TestModel model(SmallConfig());
  const auto engine = MakeEngine(model, Tight(9));
  for (int id = 0; id < 2; ++id) ASSERT_OK(engine->Add(Request(id, 40, 1, 300)));
  for (int step = 0; step < 400 && engine->load().preemptions == 0; ++step) ASSERT_OK(engine->Step());
  ASSERT_GT(engine->load().preemptions, 0);
  ASSERT_OK(engine->SetWeights(RandomWeights(model.layout, 2), 7));
  const auto finished = Finish(*engine);
  for (const auto& [id, group] : finished) {
    const auto& versions = group.samples[0].versions;
    ASSERT_EQ(versions.size(), 300);
    EXPECT_TRUE(std::is_sorted(versions.begin(), versions.end()));
    EXPECT_EQ(versions.front(), 0);
    EXPECT_EQ(versions.back(), 7);
  }
}

TEST(CudaPressureTest, AnAbortedSampleMakesRoomAndTheOthersOfItsGroupGoOn) {
  const TestModel model(SmallConfig());
  const auto engine = MakeEngine(model);
  const int64_t room = engine->load().free_kv_tokens;
  const GroupRequest request = Request(1, 70, 6, 120);
  ASSERT_OK(engine->Add(request));
  for (int step = 0; step < 20; ++step) ASSERT_OK(engine->Step());
  const EngineLoad before = engine->load();
  for (const int sample : {3, 5, 5, 17}) engine->AbortSample(1, sample);
  engine->AbortSample(8, 0);
  EXPECT_EQ(engine->load().sequences, before.sequences - 2);
  EXPECT_GT(engine->load().free_kv_tokens, before.free_kv_tokens);
  const GroupRequest later = Request(2, 90, 6, 30);
  ASSERT_OK(engine->Add(later));
  auto finished = Finish(*engine);
  EXPECT_LT(AgainstReference(model, request, finished[1]).mean(), kNoise);
  EXPECT_LT(AgainstReference(model, later, finished[2]).mean(), kNoise);
  for (int i = 0; i < 6; ++i) {
    const bool aborted = i == 3 || i == 5;
    EXPECT_EQ(finished[1].samples[i].finish_reason, aborted ? common::v1::FINISH_REASON_ABORTED : common::v1::FINISH_REASON_LENGTH);
    EXPECT_EQ(finished[1].samples[i].tokens.size(), aborted ? 19 : 120) << "the last token was still on its way";
  }
  EXPECT_EQ(engine->load().free_kv_tokens, room);
}

}  // namespace
}  // namespace cohort::rollout::cuda
