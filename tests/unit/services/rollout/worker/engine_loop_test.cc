#include "services/rollout/worker/engine_loop.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/metrics/metrics.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::rollout {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

// As an engine is whose GPU gives an error: it takes what it is given, then `weights` or `step` is what it says.
class FailingEngine final : public Engine {
 public:
  FailingEngine(absl::Status weights, absl::Status step) : weights_(std::move(weights)), step_(std::move(step)) {}

  absl::Status SetWeights(std::shared_ptr<const model::Arena>, int64_t) override { return weights_; }
  int64_t version() const override { return 0; }
  absl::Status Add(GroupRequest) override {
    ++load_.groups;
    return absl::OkStatus();
  }
  absl::Status Step() override { return step_; }
  std::vector<FinishedGroup> TakeFinished() override { return {}; }
  std::vector<SampledToken> TakeTokens() override { return {}; }
  void Abort(int64_t) override {}
  void AbortSample(int64_t, int) override {}
  EngineLoad load() const override { return load_; }
  int64_t max_context() const override { return 100; }

 private:
  const absl::Status weights_, step_;
  EngineLoad load_;
};

std::unique_ptr<WeightSource> SomeWeights() {
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  snapshot->weights = std::make_shared<const model::Arena>(1);
  return MakeFixedWeights(std::move(snapshot));
}

class EngineLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<EngineLoop> LoopWith(absl::Status weights, absl::Status step) {
    EngineLoop::Options options;
    options.on_failure = [this] { failed_.Notify(); };
    return std::make_unique<EngineLoop>(std::make_unique<FailingEngine>(std::move(weights), std::move(step)), *weights_, /*finisher=*/nullptr, metrics_,
                                        std::move(options));
  }

  metrics::Registry registry_;
  WorkerMetrics metrics_{registry_};
  const std::unique_ptr<WeightSource> weights_ = SomeWeights();
  absl::Notification failed_;
};

TEST_F(EngineLoopTest, AStepThatFailsEndsTheLoopAndWhatWasInIt) {
  const auto loop = LoopWith(absl::OkStatus(), absl::InternalError("an illegal memory access"));
  const auto job = std::make_shared<GenerateJob>(std::vector<GroupRequest>(2));
  ASSERT_TRUE(loop->AddGenerate(job).ok());
  ASSERT_TRUE(failed_.WaitForNotificationWithTimeout(kPatience));
  EXPECT_THAT(loop->failure(), StatusIs(absl::StatusCode::kInternal, HasSubstr("a decode step failed: an illegal memory access")));
  EXPECT_THAT(job->events.Pop(absl::Now() + kPatience), StatusIs(absl::StatusCode::kCancelled)) << "nothing of a failed step is passed on";
  EXPECT_THAT(loop->AddGenerate(job), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stops")));
  EXPECT_EQ(loop->WaitForRoom(absl::Now()), 0);
}

TEST_F(EngineLoopTest, WeightsThatTheEngineCannotTakeEndTheLoop) {
  const auto loop = LoopWith(absl::InternalError("no such memory"), absl::OkStatus());
  ASSERT_TRUE(failed_.WaitForNotificationWithTimeout(kPatience));
  EXPECT_THAT(loop->failure(), StatusIs(absl::StatusCode::kInternal, HasSubstr("cannot be used: no such memory")));
}

TEST_F(EngineLoopTest, AnEngineThatWorksHasNotFailedWhenTheLoopEnds) {
  const auto loop = LoopWith(absl::OkStatus(), absl::OkStatus());
  loop->Drain(absl::InfinitePast());
  EXPECT_TRUE(loop->failure().ok());
  EXPECT_FALSE(failed_.HasBeenNotified());
}

}  // namespace
}  // namespace cohort::rollout
