#include "common/metrics/gpu_memory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GpuMemoryTest, AProcessThatComputesOnProcessorsTellsNothing) {
  Registry registry;
  EXPECT_EQ(ExportGpuMemory(registry, std::nullopt), nullptr);
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("cohort_gpu")));
}

#if !COHORT_CUDA
TEST(GpuMemoryTest, ABuildWithoutCudaTellsNothing) {
  Registry registry;
  EXPECT_EQ(ExportGpuMemory(registry, 0), nullptr);
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("cohort_gpu")));
}
#endif

}  // namespace
}  // namespace cohort::metrics
