#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/hash/keyed_hash.h"
#include "common/rpc/call_trace.h"
#include "common/sync/lru_cache.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/coderunner/judge/judge.h"

namespace cohort::coderunner {

// One program to judge.
struct JudgeTask {
  std::shared_ptr<const Problem> problem;
  std::string gold;  // What the problem was read from; with language and source it names the task.
  Language language = Language::kPython3;
  std::string source;
  std::optional<rpc::TraceContext> trace = std::nullopt;  // Of who asks: of equal programs, the first.
};

// Judges programs, so many at a time as it has slots, first come, first served. Equal programs are judged once: later ones wait for the first, and judgements are
// remembered. A judgement that has begun is finished and remembered even when nobody waits for it any more: a caller whose deadline is shorter than its batch
// repeats the call and finds what is done already, so that it gets there in the end. What failed inside (INTERNAL) is not remembered.
//
// Thread-safe.
class JudgementPool {
 public:
  struct Options {
    int slots = 1;
    size_t queue_capacity = 4096;  // Programs that wait.
    size_t cache_entries = 65'536;
  };
  enum class WhenFull { kRefuse, kWait };

  // `judge`, `metrics` must outlive the pool.
  JudgementPool(Judge& judge, JudgeMetrics& metrics, Options options);
  // Ends what runs; whoever still waits gets INTERNAL. All calls must have returned or be about to.
  ~JudgementPool();

  // The judgements in the order of the tasks; blocks until all are there. RESOURCE_EXHAUSTED with a retry delay when the queue is full (a batch larger than its
  // capacity fits an empty queue). CANCELLED soon after `cancelled` says so.
  absl::StatusOr<std::vector<Judgement>> Decide(const std::vector<JudgeTask>& tasks, WhenFull when_full, const std::function<bool()>& cancelled);

 private:
  struct Entry {
    JudgeTask task;
    hash::Key128 key;
    absl::Time queued_at;
    int waiters = 0;
    bool running = false;
    bool done = false;
    Judgement judgement;
  };
  using Entries = std::vector<std::shared_ptr<Entry>>;

  void RunSlot(int slot);
  // The next program that somebody waits for; null when the pool stops.
  std::shared_ptr<Entry> Take();
  void Finish(const std::shared_ptr<Entry>& entry, Judgement judgement);
  // Shows how many wait, and wakes whoever waits for room or for work.
  void QueueChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Finds or makes the entries of the tasks, whose keys are `keys`, all or none; empty entries stand for those whose judgement is remembered and is written to `known`.
  absl::StatusOr<Entries> Enter(const std::vector<JudgeTask>& tasks, const std::vector<hash::Key128>& keys, std::vector<Judgement>* known)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave(const Entries& entries) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  hash::Key128 KeyOf(const JudgeTask& task) const;

  Judge& judge_;
  JudgeMetrics& metrics_;
  const Options options_;
  const hash::HashSecret secret_ = hash::HashSecret::Random();
  sync::LruCache<hash::Key128, Judgement> remembered_;
  sync::StopSource stop_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::shared_ptr<Entry>> queue_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<hash::Key128, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);  // What waits or runs.
  std::vector<sync::Thread> threads_;                                                          // Last: they use everything above.
};

}  // namespace cohort::coderunner
