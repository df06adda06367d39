#include <c10/cuda/CUDAFunctions.h>

#include "common/metrics/metrics.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::metrics {
namespace {

TEST(ThreadStacksTest, MetricsAreServedByAProgramWithTheCudaLibraries) {
  EXPECT_GE(c10::cuda::device_count(), 0);  // Loads them all.
  Registry registry;
  EXPECT_OK(registry.Serve("127.0.0.1:0"));
}

}  // namespace
}  // namespace cohort::metrics
