#pragma once

#include <deque>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/queue/queue_inspector.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "proto/cohort/admin/v1/cluster.pb.h"

namespace cohort::admin {

// The queue and how fast it moves: a thread looks once a second, so that rates over the last ten seconds can be told. Thread-safe.
class QueueRates {
 public:
  QueueRates(const std::string& redis, const std::string& run);
  ~QueueRates();

  // The queue now. NOT_FOUND (reason NO_QUEUE), UNAVAILABLE (reason REDIS_UNAVAILABLE).
  absl::StatusOr<v1::QueueState> Now(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  queue::QueueInspector& inspector() { return inspector_; }

 private:
  void Loop();
  void Remember(const queue::QueueCounters& counters) ABSL_LOCKS_EXCLUDED(mutex_);

  queue::QueueInspector inspector_;
  absl::Mutex mutex_;
  std::deque<std::pair<absl::Time, queue::QueueCounters>> samples_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
  sync::StopSource stop_;
  sync::Thread thread_;
};

}  // namespace cohort::admin
