#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "common/cuda/device.h"
#include "common/io/crc32c.h"
#include "common/status/errors.h"
#include "common/testing/status_matchers.h"
#include "tests/unit/services/rollout/engine/cuda/small_model.h"

namespace cohort::rollout::cuda {
namespace {

using namespace small_model;
using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;

TEST(CudaEngineTest, LogprobsAgreeWithADoublePrecisionModel) {
  for (const auto& config : {SmallConfig(), WideHeadConfig(), Qwen3Config()}) {
    const TestModel model(config);
    const auto engine = MakeEngine(model);
    std::map<int64_t, GroupRequest> requests;
    for (const int prompt : {1, 2, 64, 65, 66, 130}) {
      GroupRequest request = Request(prompt, prompt, 2, 9);
      if (prompt == 65) request.sampling.set_temperature(0.7f);
      requests[prompt] = request;
    }
    std::map<int64_t, FinishedGroup> finished;
    for (const auto& [id, request] : requests) {
      while (absl::IsResourceExhausted(engine->Add(request))) {
        ASSERT_TRUE(engine->Step().ok());
        for (FinishedGroup& group : engine->TakeFinished()) finished[group.id] = std::move(group);
      }
    }
    finished.merge(Finish(*engine));
    ASSERT_EQ(finished.size(), requests.size());
    Difference all;
    for (const auto& [id, request] : requests) {
      const Difference one = AgainstReference(model, request, finished[id]);
      EXPECT_LT(one.mean(), kNoise) << "prompt of " << id;
      all.sum += one.sum;
      all.count += one.count;
      all.largest = std::max(all.largest, one.largest);
    }
    std::printf("heads of %d: mean |difference| %.2e, largest %.2e over %d tokens\n", static_cast<int>(config.head_dim), all.mean(), all.largest, all.count);
    EXPECT_EQ(all.count, 6 * 2 * 9);
    EXPECT_LT(all.mean(), 1e-2);
  }
}

TEST(CudaEngineTest, TheSameRequestsGiveTheSameCompletions) {
  const TestModel model(SmallConfig());
  std::map<int64_t, FinishedGroup> runs[2];
  for (auto& run : runs) {
    const auto engine = MakeEngine(model);
    for (int id = 0; id < 3; ++id) ASSERT_TRUE(engine->Add(Request(id, 40 + 30 * id, 4, 30)).ok());
    run = Finish(*engine);
  }
  std::set<std::vector<int32_t>> different;
  for (int id = 0; id < 3; ++id) {
    for (int s = 0; s < 4; ++s) {
      EXPECT_EQ(runs[0][id].samples[s].tokens, runs[1][id].samples[s].tokens);
      EXPECT_EQ(runs[0][id].samples[s].logprobs, runs[1][id].samples[s].logprobs);
      EXPECT_EQ(runs[0][id].samples[s].tokens.size(), 30);
      EXPECT_EQ(runs[0][id].samples[s].finish_reason, common::v1::FINISH_REASON_LENGTH);
      different.insert(runs[0][id].samples[s].tokens);
    }
  }
  EXPECT_EQ(different.size(), 12) << "every sample has random numbers of its own";
}

// On the last GPU: a new thread begins on the first.
TEST(CudaEngineTest, AnotherThreadThanItsMakersMayDriveItOnAnyGpu) {
  CudaEngineOptions options = SmallOptions();
  options.device = cohort::cuda::DeviceCount() - 1;
  for (const auto& config : {SmallConfig(), WideHeadConfig()}) {
    const TestModel model(config);
    const GroupRequest request = Request(1, 130, 2, 9);
    std::map<int64_t, FinishedGroup> finished;
    std::thread([&, engine = CudaEngine::Create(config, model.layout, options)] {
      ASSERT_TRUE(engine.ok()) << engine.status();
      ASSERT_TRUE((*engine)->SetWeights(model.weights, 0).ok());
      ASSERT_TRUE((*engine)->Add(request).ok());
      finished = Finish(**engine);
    }).join();
    EXPECT_LT(AgainstReference(model, request, finished[1]).mean(), kNoise);
  }
}

TEST(CudaEngineTest, GroupsLargerThanTheBatchAndOfAllLengthsFinishAndLeaveNothingBehind) {
  TestModel model(SmallConfig());
  model.config.eos_token_ids = {3, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 512, 513, 514, 515, 516, 517, 518};
  const auto engine = MakeEngine(model);
  const int64_t room = engine->load().free_kv_tokens;
  int added = 0, tokens = 0;
  std::map<int64_t, FinishedGroup> finished;
  while (added < 30 || engine->load().groups > 0) {
    while (added < 30 && engine->Add(Request(added, 1 + added * 7 % 150, 1 + added % 17, 1 + added * 13 % 90)).ok()) ++added;
    ASSERT_TRUE(engine->Step().ok());
    for (FinishedGroup& group : engine->TakeFinished()) finished[group.id] = std::move(group);
  }
  ASSERT_EQ(finished.size(), 30);
  bool stopped = false;
  for (const auto& [id, group] : finished) {
    EXPECT_TRUE(group.status.ok());
    EXPECT_EQ(group.samples.size(), 1 + id % 17);
    for (const FinishedSample& sample : group.samples) {
      ASSERT_FALSE(sample.tokens.empty());
      tokens += static_cast<int>(sample.tokens.size());
      const auto& eos = model.config.eos_token_ids;
      const auto is_end = [&](int32_t token) { return std::find(eos.begin(), eos.end(), token) != eos.end(); };
      EXPECT_TRUE(std::none_of(sample.tokens.begin(), sample.tokens.end() - 1, is_end));
      const bool stop = sample.finish_reason == common::v1::FINISH_REASON_STOP;
      EXPECT_EQ(is_end(sample.tokens.back()), stop);
      if (!stop) {
        EXPECT_EQ(sample.tokens.size(), 1 + id * 13 % 90);
      }
      stopped = stopped || stop;
      EXPECT_EQ(sample.logprobs.size(), sample.tokens.size());
      EXPECT_EQ(sample.versions.size(), sample.tokens.size());
    }
  }
  EXPECT_TRUE(stopped);
  EXPECT_EQ(engine->load().tokens, tokens);
  EXPECT_EQ(engine->load().sequences, 0);
  EXPECT_EQ(engine->load().free_sequences, 12);
  EXPECT_EQ(engine->load().free_kv_tokens, room);
}

TEST(CudaEngineTest, RowsThatMoveGoOnWhereTheyWere) {
  const TestModel model(SmallConfig());
  const auto engine = MakeEngine(model);
  // Eleven short samples, then one that is moved to the front when they end.
  GroupRequest brief = Request(1, 30, 11, 5), lasting = Request(2, 30, 1, 60);
  ASSERT_TRUE(engine->Add(brief).ok());
  ASSERT_TRUE(engine->Add(lasting).ok());
  auto finished = Finish(*engine);
  EXPECT_LT(AgainstReference(model, lasting, finished[2]).mean(), kNoise);
}

TEST(CudaEngineTest, NewWeightsCountFromTheNextStepAndTokensNameTheirVersion) {
  const TestModel model(SmallConfig());
  const auto other = RandomWeights(model.layout, 2);
  std::map<int64_t, FinishedGroup> runs[2];
  CudaEngineOptions options = SmallOptions();
  options.sink = true;
  for (int broadcast = 0; broadcast < 2; ++broadcast) {
    const auto engine = MakeEngine(model, options);
    ASSERT_TRUE(engine->Add(Request(1, 20, 2, 20)).ok());
    for (int step = 0; step < 8; ++step) ASSERT_TRUE(engine->Step().ok());
    if (broadcast == 1) {
      policy::WeightSink& sink = *engine->sink();
      model::Arena half(model.layout.size(), model::DType::kBfloat16);
      model::Convert(*other, half);
      ASSERT_OK_AND_ASSIGN(void* const to, sink.Begin());
      ASSERT_EQ(sink.size_bytes(), half.bytes().size());
      ASSERT_EQ(cudaMemcpy(to, half.bytes().data(), half.bytes().size(), cudaMemcpyHostToDevice), cudaSuccess);
      EXPECT_THAT(sink.Checksum(), cohort::testing::IsOkAndHolds(io::Crc32c(half.bytes())));
      ASSERT_OK(engine->TakeFromSink(sink.Complete(), 7));
    } else {
      ASSERT_TRUE(engine->SetWeights(other, 7).ok());
    }
    EXPECT_EQ(engine->version(), 7);
    runs[broadcast] = Finish(*engine);
  }
  for (int s = 0; s < 2; ++s) {
    const FinishedSample& sample = runs[0][1].samples[s];
    EXPECT_EQ(sample.tokens, runs[1][1].samples[s].tokens);
    EXPECT_EQ(sample.logprobs, runs[1][1].samples[s].logprobs);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(sample.versions[i], i < 8 ? 0 : 7) << i;
  }
}

TEST(CudaEngineTest, WhatHasBeenOverwrittenInTheSinkIsNotTaken) {
  const TestModel model(SmallConfig());
  CudaEngineOptions options = SmallOptions();
  options.sink = true;
  const auto engine = MakeEngine(model, options);
  ASSERT_OK(engine->sink()->Begin());
  const int64_t old = engine->sink()->Complete();
  ASSERT_OK(engine->sink()->Begin());
  EXPECT_THAT(engine->TakeFromSink(old, 1), StatusIs(absl::StatusCode::kFailedPrecondition)) << "the next version arrives there";
  const int64_t current = engine->sink()->Complete();
  EXPECT_THAT(engine->TakeFromSink(old, 1), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(engine->version(), 0);
  EXPECT_OK(engine->TakeFromSink(current, 2));
  EXPECT_EQ(engine->version(), 2);
}

TEST(CudaEngineTest, Bf16ArenasAreTakenAsTheyAre) {
  const TestModel model(SmallConfig());
  auto half = std::make_shared<model::Arena>(model.layout.size(), model::DType::kBfloat16);
  model::Convert(*model.weights, *half);
  const auto engine = MakeEngine(model);
  ASSERT_TRUE(engine->Add(Request(1, 20, 2, 20)).ok());
  auto fp32 = Finish(*engine);
  ASSERT_TRUE(engine->SetWeights(half, 1).ok());
  ASSERT_TRUE(engine->Add(Request(1, 20, 2, 20)).ok());
  auto bf16 = Finish(*engine);
  EXPECT_EQ(fp32[1].samples[0].tokens, bf16[1].samples[0].tokens);
  EXPECT_EQ(fp32[1].samples[1].logprobs, bf16[1].samples[1].logprobs);
}

TEST(CudaEngineTest, AnAbortedGroupMakesRoomAndOthersGoOn) {
  const TestModel model(SmallConfig());
  const auto engine = MakeEngine(model);
  const int64_t room = engine->load().free_kv_tokens;
  ASSERT_TRUE(engine->Add(Request(1, 150, 6, 200)).ok());
  ASSERT_TRUE(engine->Add(Request(2, 70, 3, 40)).ok());
  for (int step = 0; step < 10; ++step) ASSERT_TRUE(engine->Step().ok());
  engine->Abort(1);
  EXPECT_EQ(engine->load().groups, 1);
  GroupRequest later = Request(3, 90, 5, 30);
  ASSERT_TRUE(engine->Add(later).ok());
  auto finished = Finish(*engine);
  EXPECT_EQ(finished.count(1), 0);
  EXPECT_LT(AgainstReference(model, Request(2, 70, 3, 40), finished[2]).mean(), kNoise);
  EXPECT_LT(AgainstReference(model, later, finished[3]).mean(), kNoise);
  EXPECT_EQ(engine->load().free_kv_tokens, room);
}

TEST(CudaEngineTest, TopOneIsGreedyAndGreedyHasLogprobZero) {
  const TestModel model(SmallConfig());
  const auto engine = MakeEngine(model);
  GroupRequest greedy = Request(1, 33, 1, 40), top_one = Request(2, 33, 1, 40);
  top_one.prompt = greedy.prompt;
  greedy.sampling.set_temperature(0);
  top_one.sampling.set_top_k(1);
  ASSERT_TRUE(engine->Add(greedy).ok());
  ASSERT_TRUE(engine->Add(top_one).ok());
  auto finished = Finish(*engine);
  EXPECT_EQ(finished[1].samples[0].tokens, finished[2].samples[0].tokens);
  for (const float logprob : finished[1].samples[0].logprobs) EXPECT_EQ(logprob, 0);
  for (const float logprob : finished[2].samples[0].logprobs) EXPECT_NEAR(logprob, 0, 1e-6);
}

TEST(CudaEngineTest, StreamedTokensAreThoseOfTheCompletion) {
  const TestModel model(SmallConfig());
  const auto engine = MakeEngine(model);
  GroupRequest request = Request(1, 10, 2, 12);
  request.stream = true;
  ASSERT_TRUE(engine->Add(request).ok());
  std::vector<int32_t> streamed[2];
  std::vector<FinishedGroup> finished;
  while (engine->load().groups > 0) {
    ASSERT_TRUE(engine->Step().ok());
    for (const SampledToken& token : engine->TakeTokens()) streamed[token.sample].push_back(token.token);
  }
  finished = engine->TakeFinished();
  ASSERT_EQ(finished.size(), 1);
  EXPECT_EQ(streamed[0], finished[0].samples[0].tokens);
  EXPECT_EQ(streamed[1], finished[0].samples[1].tokens);
}

TEST(CudaEngineTest, WeightsThatAreNoNumbersEndTheGroupWithAnError) {
  const TestModel model(SmallConfig());
  auto broken = RandomWeights(model.layout, 1);
  broken->floats()[model.layout.slot(model.layout.final_norm()).offset] = NAN;
  const auto engine = MakeEngine(model);
  ASSERT_TRUE(engine->SetWeights(broken, 3).ok());
  ASSERT_TRUE(engine->Add(Request(1, 10, 3, 12)).ok());
  auto finished = Finish(*engine);
  EXPECT_EQ(finished[1].status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ErrorReason(finished[1].status), "NON_FINITE");
  ASSERT_TRUE(engine->SetWeights(model.weights, 4).ok());
  ASSERT_TRUE(engine->Add(Request(2, 10, 3, 12)).ok());
  EXPECT_TRUE(Finish(*engine)[2].status.ok());
}

TEST(CudaEngineTest, BadInputIsRefusedWithTheReason) {
  const TestModel model(SmallConfig());
  auto narrow = SmallConfig();
  narrow.head_dim = 32;
  EXPECT_THAT(CudaEngine::Create(narrow, *model::ArenaLayout::Create(narrow), SmallOptions()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("head_dim")));
  CudaEngineOptions options = SmallOptions();
  options.device = 99;
  EXPECT_THAT(CudaEngine::Create(model.config, model.layout, options).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("GPU 99")));
  options = SmallOptions();
  options.kv_bytes = 1000;
  EXPECT_THAT(CudaEngine::Create(model.config, model.layout, options).status(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("keys and values")));
  auto engine = *CudaEngine::Create(model.config, model.layout, SmallOptions());
  EXPECT_EQ(ErrorReason(engine->Step()), "NO_POLICY");
  EXPECT_THAT(engine->SetWeights(std::make_shared<model::Arena>(16), 0), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16 elements")));
  EXPECT_THAT(engine->Add(Request(1, 600, 1, 1)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prompt")));
}

}  // namespace
}  // namespace cohort::rollout::cuda
