#include "services/rollout/worker/make_engine.h"

#include "common/testing/status_matchers.h"
#include "tests/unit/services/rollout/engine/cpu/tiny_model.h"

namespace cohort::rollout {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;

TEST(MakeEngineTest, AModelThatNoGpuKernelComputesGetsAnEngineOnProcessors) {
  const auto model = testing::MakeModel(testing::TinyConfig());  // Heads of 32 elements.
  WorkerOptions options;
  options.max_batch = 3;
  const auto engine = MakeEngine(options, model.config, model.layout);
  ASSERT_OK(engine.status());
  EXPECT_EQ((*engine)->load().free_sequences, 3);
}

#if !COHORT_CUDA
TEST(MakeEngineTest, ABuildWithoutCudaSaysSoWhenAGpuIsAskedFor) {
  const auto model = testing::MakeModel(testing::TinyConfig());
  WorkerOptions options;
  options.device = config::v1::DEVICE_CUDA;
  EXPECT_THAT(MakeEngine(options, model.config, model.layout).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("COHORT_CUDA=ON")));
}
#endif

}  // namespace
}  // namespace cohort::rollout
