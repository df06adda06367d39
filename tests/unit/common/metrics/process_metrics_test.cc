#include "common/metrics/process_metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::metrics {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

TEST(ProcessMetricsTest, CountsOpenFiles) {
  const double before = ReadProcessUsage().open_fds;
  const int fd = open("/dev/null", O_RDONLY);
  EXPECT_EQ(ReadProcessUsage().open_fds, before + 1);
  close(fd);
}

TEST(ProcessMetricsTest, CpuTimeGrowsWithWork) {
  const double before = ReadProcessUsage().cpu_seconds;
  double after = before;
  for (int reads = 0; after <= before && reads < 100000; ++reads) after = ReadProcessUsage().cpu_seconds;
  EXPECT_GT(after, before);
}

TEST(ProcessMetricsTest, ExportsBuildAndProcess) {
  Registry registry;
  const auto hook = ExportProcessMetrics(registry, "learner");
  const std::string text = registry.Expose();
  EXPECT_THAT(text, ContainsRegex("cohort_build_info\\{component=\"learner\",version=\"[0-9.]+\"\\} 1\n"));
  EXPECT_THAT(text, ContainsRegex("process_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_open_fds [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_threads [1-9]"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter"));
}

}  // namespace
}  // namespace cohort::metrics
