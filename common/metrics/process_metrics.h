#pragma once

#include <memory>
#include <string>

#include "common/metrics/metrics.h"

namespace cohort::metrics {

// What the kernel says about this process.
struct ProcessUsage {
  double resident_bytes = 0;
  double cpu_seconds = 0;  // User and system time of all threads.
  double open_fds = 0;
  double threads = 0;
};
ProcessUsage ReadProcessUsage();

// Exports cohort_build_info{component, version} = 1 and, read anew at every exposition, process_resident_memory_bytes, process_cpu_seconds_total,
// process_open_fds, process_threads (the names that Prometheus' own clients use). Keep the result as long as they are wanted.
std::unique_ptr<CollectHook> ExportProcessMetrics(Registry& registry, const std::string& component);

}  // namespace cohort::metrics
