// A worker's weights, and that its metrics hear of every version, whichever way it comes.
#include "services/rollout/worker/weight_source.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "services/rollout/worker/worker_metrics.h"
#include "tests/integration/policy/broadcasting_learner.h"

namespace cohort::rollout {
namespace {

using policy::BroadcastingLearner;
using policy::Eventually;
using policy::kBytes;
using policy::Weights;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The parameter is where the worker's memory is: elsewhere it receives broadcasts, at the learner's place it copies.
class WeightSourceTest : public ::testing::TestWithParam<std::string> {};

TEST_P(WeightSourceTest, EveryVersionThatArrivesIsCountedWithItsBytesAndItsTime) {
  policy::FakeCollectives world;
  BroadcastingLearner learner(world);
  policy::HostSink sink(kBytes);
  metrics::Registry registry;
  WorkerMetrics metrics(registry);
  SubscribedWeightsOptions options{learner.address(), "worker", policy::kElements, &sink, world.Library("2.28.9", GetParam())};
  options.on_arrival = [&metrics](int64_t bytes, absl::Duration took) { metrics.ObserveWeights(bytes, took); };
  options.metrics = &registry;
  learner->Publish(0, Weights(0));
  const std::unique_ptr<WeightSource> weights = MakeSubscribedWeights(options);
  const auto holds = [&weights](int64_t version) {
    return Eventually([&] { return weights->Latest() != nullptr && weights->Latest()->version == version; });
  };
  ASSERT_TRUE(holds(0));
  ASSERT_NE(weights->Latest()->weights, nullptr) << "fetched";
  ASSERT_TRUE(learner.HasMembers(1));
  for (int version = 1; version <= 2; ++version) {
    learner->Publish(version, Weights(version));
    ASSERT_TRUE(holds(version));
    EXPECT_EQ(weights->Latest()->weights, nullptr) << "came into the sink";
  }
  const std::string exposition = registry.Expose();
  EXPECT_THAT(exposition, AllOf(HasSubstr("cohort_rollout_weight_sync_seconds_count 3\n"),
                                HasSubstr("cohort_rollout_weight_sync_bytes_total " + std::to_string(3 * kBytes) + "\n")));
  weights->Stop();
}

INSTANTIATE_TEST_SUITE_P(Ways, WeightSourceTest, ::testing::Values("", policy::kLearnersPlace),
                         [](const auto& info) { return info.param.empty() ? "Broadcast" : "Copy"; });

}  // namespace
}  // namespace cohort::rollout
