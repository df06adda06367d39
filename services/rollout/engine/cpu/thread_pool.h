#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/sync/thread.h"

namespace cohort::rollout::cpu {

// Threads that run the same function side by side many thousand times a second. Between runs they watch for a few microseconds, then sleep. One thread
// of the pool is the caller's own. Not thread-safe.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();

  int threads() const { return threads_; }

  // Calls work(i) for every i in [0, threads()), each on a thread of its own, and returns when all have ended.
  void Run(absl::FunctionRef<void(int)> work);

  // Splits [0, count) into pieces whose bounds are multiples of `granularity`, one for each thread: work(thread, begin, end).
  void For(int64_t count, int64_t granularity, absl::FunctionRef<void(int, int64_t, int64_t)> work);

 private:
  void Loop(int index);

  const int threads_;
  const absl::FunctionRef<void(int)>* work_ = nullptr;
  std::atomic<uint32_t> round_{0};
  std::atomic<uint32_t> running_{0};
  std::atomic<bool> stopping_{false};
  std::vector<sync::Thread> workers_;
};

}  // namespace cohort::rollout::cpu
