#include "services/rollout/engine/cpu/thread_pool.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cohort::rollout::cpu {
namespace {

constexpr int kSpins = 2000;

// Returns when `value` is no longer `old`: watches first, sleeps then.
void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(std::max(threads, 1)) {
  for (int i = 1; i < threads_; ++i) workers_.emplace_back(absl::StrCat("engine-", i), [this, i] { Loop(i); });
}

ThreadPool::~ThreadPool() {
  stopping_.store(true);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  workers_.clear();
}

void ThreadPool::Run(absl::FunctionRef<void(int)> work) {
  if (threads_ == 1) return work(0);
  work_ = &work;
  running_.store(threads_ - 1, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  work(0);
  for (uint32_t left = running_.load(std::memory_order_acquire); left != 0; left = running_.load(std::memory_order_acquire)) WaitWhile(running_, left);
}

void ThreadPool::For(int64_t count, int64_t granularity, absl::FunctionRef<void(int, int64_t, int64_t)> work) {
  const int64_t pieces = (count + granularity - 1) / granularity;
  if (threads_ == 1 || pieces == 1) return work(0, 0, count);
  Run([&](int i) {
    const int64_t begin = pieces * i / threads_ * granularity;
    const int64_t end = std::min(count, pieces * (i + 1) / threads_ * granularity);
    if (begin < end) work(i, begin, end);
  });
}

void ThreadPool::Loop(int index) {
  for (uint32_t seen = 0;;) {
    WaitWhile(round_, seen);
    // A round ends only when every thread has done its part, so none is ever missed.
    ++seen;
    if (stopping_.load()) return;
    (*work_)(index);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
  }
}

}  // namespace cohort::rollout::cpu
