#include "common/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#ifndef COHORT_VERSION
#define COHORT_VERSION "unknown"
#endif

namespace cohort::metrics {
namespace {

double CountEntries(const char* directory) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(directory, error);
  return error ? 0 : static_cast<double>(std::distance(begin(entries), end(entries)));
}

double ToSeconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; }

}  // namespace

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage;
  double size_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> size_pages >> resident_pages;
  usage.resident_bytes = resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  usage.cpu_seconds = ToSeconds(used.ru_utime) + ToSeconds(used.ru_stime);
  usage.open_fds = std::max(0.0, CountEntries("/proc/self/fd") - 1);  // Without the one that reads the folder.
  usage.threads = CountEntries("/proc/self/task");
  return usage;
}

std::unique_ptr<CollectHook> ExportProcessMetrics(Registry& registry, const std::string& component) {
  registry.GetGauge("cohort_build_info", "1; the labels say what runs.", {{"component", component}, {"version", COHORT_VERSION}})->Set(1);
  Gauge* const resident = registry.GetGauge("process_resident_memory_bytes", "Resident memory of the process.");
  Counter* const cpu = registry.GetCounter("process_cpu_seconds_total", "User and system CPU time of the process.");
  Gauge* const fds = registry.GetGauge("process_open_fds", "Open file descriptors of the process.");
  Gauge* const threads = registry.GetGauge("process_threads", "Threads of the process.");
  // Hooks run one at a time, so `counted` needs no lock.
  return registry.OnCollect([=, counted = 0.0]() mutable {
    const ProcessUsage usage = ReadProcessUsage();
    resident->Set(usage.resident_bytes);
    cpu->Add(std::max(0.0, usage.cpu_seconds - counted));
    counted = std::max(counted, usage.cpu_seconds);
    fds->Set(usage.open_fds);
    threads->Set(usage.threads);
  });
}

}  // namespace cohort::metrics
