#include "services/rollout/worker/engine_prompts.h"

#include <memory>
#include <variant>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/rollout/worker/scripted_engine.h"

namespace cohort::rollout {
namespace {

using ::cohort::testing::StatusIs;

std::shared_ptr<GenerateJob> Job(const std::vector<int32_t>& first_tokens) {
  std::vector<GroupRequest> requests;
  for (const int32_t token : first_tokens) {
    GroupRequest request;
    request.prompt = {token};
    requests.push_back(request);
  }
  return std::make_shared<GenerateJob>(requests);
}

class EnginePromptsTest : public ::testing::Test {
 protected:
  // Gives places until nobody may have one; how that ended.
  Placement PlaceAll() {
    for (;;) {
      const Placement placement = prompts_.Place(next_);
      if (placement == Placement::kPlaced) ++next_;
      if (placement == Placement::kFull || placement == Placement::kNone) return placement;
    }
  }

  ScriptedEngine engine_;
  EnginePrompts prompts_{engine_};
  int64_t next_ = 1;
};

TEST_F(EnginePromptsTest, PromptsGetPlacesInOrderAndHearOfTheirOwnTokensAndEnd) {
  const auto first = Job({7, 8}), second = Job({9});
  prompts_.Add({first, second});
  EXPECT_EQ(PlaceAll(), Placement::kNone);
  EXPECT_EQ(prompts_.waiting(), 0);
  ASSERT_EQ(engine_.groups.size(), 3u);
  EXPECT_EQ(engine_.groups[2].prompt[0], 8);

  SampledToken token{.group = 2, .token = 5};
  EXPECT_TRUE(prompts_.Pass(token));
  FinishedGroup group{.id = 2};
  EXPECT_TRUE(prompts_.Finish(group));
  EXPECT_FALSE(prompts_.Finish(group)) << "it has ended";
  SampledToken nobodys{.group = 17};
  EXPECT_FALSE(prompts_.Pass(nobodys));

  const auto heard = first->events.TryPop(), ended = first->events.TryPop();
  ASSERT_TRUE(heard.has_value() && ended.has_value());
  EXPECT_EQ(heard->prompt, 1);
  EXPECT_EQ(std::get<SampledToken>(heard->what).token, 5);
  EXPECT_TRUE(std::holds_alternative<FinishedGroup>(ended->what));
  EXPECT_FALSE(second->events.TryPop().has_value());
}

TEST_F(EnginePromptsTest, AFullEngineLeavesTheRestWaiting) {
  engine_.room = 1;
  prompts_.Add({Job({7, 8})});
  EXPECT_EQ(PlaceAll(), Placement::kFull);
  EXPECT_EQ(prompts_.waiting(), 1);
  engine_.room = 2;
  EXPECT_EQ(PlaceAll(), Placement::kNone);
  EXPECT_EQ(engine_.groups.size(), 2u);
}

TEST_F(EnginePromptsTest, ARefusedPromptIsToldSoAndTheNextGoesOn) {
  const auto job = Job({ScriptedEngine::kRefused, 8});
  prompts_.Add({job});
  EXPECT_EQ(PlaceAll(), Placement::kNone);
  EXPECT_EQ(engine_.groups.size(), 1u);
  const auto told = job->events.TryPop();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->prompt, 0);
  EXPECT_THAT(std::get<FinishedGroup>(told->what).status, StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(EnginePromptsTest, ACancelledCallLosesItsPlacesAndGetsNoMore) {
  engine_.room = 1;
  const auto gone = Job({7, 8}), other = Job({9});
  prompts_.Add({gone, other});
  EXPECT_EQ(PlaceAll(), Placement::kFull);
  gone->cancelled = true;
  prompts_.DropCancelled();
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_EQ(PlaceAll(), Placement::kNone);
  ASSERT_EQ(engine_.groups.size(), 1u);
  EXPECT_EQ(engine_.groups.begin()->second.prompt[0], 9);
}

TEST_F(EnginePromptsTest, ACallThatDoesNotReadIsCancelled) {
  const auto job = Job({7});
  prompts_.Add({job});
  PlaceAll();
  for (int64_t i = 0; i <= GenerateJob::kMostEvents; ++i) {
    EXPECT_FALSE(job->cancelled);
    SampledToken token{.group = 1};
    prompts_.Pass(token);
  }
  EXPECT_TRUE(job->cancelled);
}

TEST_F(EnginePromptsTest, CloseEndsThoseWithAPlaceAndThoseWithout) {
  engine_.room = 1;
  const auto placed = Job({7}), waiting = Job({8});
  prompts_.Add({placed, waiting});
  PlaceAll();
  prompts_.Close();
  EXPECT_EQ(prompts_.waiting(), 0);
  for (const auto& job : {placed, waiting}) EXPECT_THAT(job->events.Pop(absl::InfiniteFuture()).status(), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace cohort::rollout
