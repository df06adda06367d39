#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"

namespace cohort::redis {

// What all connections of this process did together. Thread-safe, lock-free.
class CommandStats {
 public:
  // That of this process; lives for ever.
  static CommandStats& OfProcess();

  // A command with all its attempts has ended.
  void Count(const absl::Status& status, absl::Duration took);
  void CountConnect() { ++connects_; }

  uint64_t done() const { return done_; }
  uint64_t failed() const { return failed_; }
  uint64_t connects() const { return connects_; }
  double seconds() const { return static_cast<double>(nanoseconds_) * 1e-9; }

 private:
  std::atomic<uint64_t> done_{0};
  std::atomic<uint64_t> failed_{0};
  std::atomic<uint64_t> connects_{0};
  std::atomic<int64_t> nanoseconds_{0};  // Of those done.
};

// Exports cohort_redis_commands_total{outcome}, cohort_redis_command_seconds_total and cohort_redis_connects_total, brought up to date at every exposition.
// Keep the result as long as they are wanted.
std::unique_ptr<metrics::CollectHook> ExportRedisMetrics(metrics::Registry& registry);

}  // namespace cohort::redis
