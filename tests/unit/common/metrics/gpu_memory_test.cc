#include "common/metrics/gpu_memory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#if COHORT_CUDA
#include "common/cuda/device.h"
#include "common/testing/status_matchers.h"
#endif

namespace cohort::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GpuMemoryTest, AProcessThatComputesOnProcessorsTellsNothing) {
  Registry registry;
  EXPECT_EQ(ExportGpuMemory(registry, std::nullopt), nullptr);
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("cohort_gpu")));
}

#if COHORT_CUDA
TEST(GpuMemoryTest, WhatIsAllocatedIsUsed) {
  if (cuda::DeviceCount() == 0) GTEST_SKIP() << "there is no GPU";
  Registry registry;
  const auto hook = ExportGpuMemory(registry, 0);
  ASSERT_NE(hook, nullptr);
  registry.Expose();
  const auto memory = cuda::ReadDeviceMemory(0);
  ASSERT_OK(memory);
  EXPECT_GT(memory->total_bytes, memory->free_bytes) << "the context of this process takes some";
  const std::string exposition = registry.Expose();
  EXPECT_THAT(exposition, HasSubstr("cohort_gpu_memory_total_bytes{gpu=\"0\"} "));
  EXPECT_THAT(exposition, Not(HasSubstr("cohort_gpu_memory_used_bytes{gpu=\"0\"} 0\n")));
  EXPECT_THAT(exposition, Not(HasSubstr("cohort_gpu_memory_total_bytes{gpu=\"0\"} 0\n")));
}
#else
TEST(GpuMemoryTest, ABuildWithoutCudaTellsNothing) {
  Registry registry;
  EXPECT_EQ(ExportGpuMemory(registry, 0), nullptr);
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("cohort_gpu")));
}
#endif

}  // namespace
}  // namespace cohort::metrics
