// The memory metrics of a real GPU.
#include <cstdint>

#include "absl/strings/numbers.h"
#include "common/cuda/device.h"
#include "common/cuda/memory.h"
#include "common/metrics/gpu_memory.h"
#include "common/testing/status_matchers.h"

namespace cohort::metrics {
namespace {

// The value of a series in an exposition; -1 when it is not there.
double ValueOf(const std::string& exposition, const std::string& series) {
  const size_t line = exposition.find(series + " ");
  if (line == std::string::npos) return -1;
  const size_t begin = line + series.size() + 1;
  double value = -1;
  EXPECT_TRUE(absl::SimpleAtod(exposition.substr(begin, exposition.find('\n', begin) - begin), &value));
  return value;
}

TEST(GpuMemoryTest, WhatIsAllocatedIsUsedAndWhatIsLetGoIsNot) {
  constexpr int64_t kBytes = int64_t{1} << 30;
  const auto device = cuda::UseDevice(0);
  ASSERT_OK(device);
  Registry registry;
  const auto hook = ExportGpuMemory(registry, 0);
  ASSERT_NE(hook, nullptr);
  const auto used = [&registry] { return ValueOf(registry.Expose(), "cohort_gpu_memory_used_bytes{gpu=\"0\"}"); };
  const double before = used();
  EXPECT_GT(before, 0) << "the context of this process takes some";
  {
    const auto buffer = cuda::DeviceBuffer<char>::Allocate(kBytes, "a test");
    ASSERT_OK(buffer);
    EXPECT_GE(used(), before + static_cast<double>(kBytes));
  }
  EXPECT_LT(used(), before + static_cast<double>(kBytes) / 2);
  EXPECT_EQ(ValueOf(registry.Expose(), "cohort_gpu_memory_total_bytes{gpu=\"0\"}"), static_cast<double>(device->total_bytes));
}

}  // namespace
}  // namespace cohort::metrics
