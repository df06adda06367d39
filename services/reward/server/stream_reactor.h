#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "services/reward/sandbox/worker_pool.h"
#include "services/reward/server/verdict_metrics.h"

namespace cohort::reward {

// One ScoreStream call. Reads batches while fewer than kMaxBatchesInFlight are at work, hands them to the pool, writes each answer when it is there. When the
// pool is busy it stops reading, so the client waits: a stream is never refused for a full queue.
//
//   reading ──batch──> at work (<= kMaxBatchesInFlight) ──outcomes──> to write ──> written
//   ends when the client has half-closed, or something went wrong, and nothing is at work or being written any more.
//
// Deletes itself at the end of the call. Callbacks come from gRPC's and the pool's threads.
class StreamReactor final : public grpc::ServerBidiReactor<v1::ScoreStreamRequest, v1::ScoreStreamResponse> {
 public:
  static constexpr int kMaxBatchesInFlight = 8;

  // `trace_tag` is what entries of the log end with that are about this call.
  StreamReactor(WorkerPool& pool, VerdictMetrics& metrics, std::string trace_tag);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  struct Batch {
    v1::ScoreStreamRequest request;
    std::shared_ptr<Job> job;
  };

  void Submit(const std::shared_ptr<Batch>& batch);
  void BatchDone(const std::shared_ptr<Batch>& batch, const std::vector<CheckOutcome>& outcomes);
  void Fail(const absl::Status& status);
  // Makes a change to the state and starts whatever can go on then: a read, a write, or the end of the call. Change and decision share one hold of the lock: whoever
  // takes away the last reason for the call to live must be the one who ends it. Nothing may be touched after it, unless reading_ is known to be set.
  void Update(const std::function<void()>& change) ABSL_LOCKS_EXCLUDED(mutex_);

  WorkerPool& pool_;
  VerdictMetrics& metrics_;
  const std::string trace_tag_;
  v1::ScoreStreamRequest incoming_;  // Written by gRPC while reading_.
  absl::Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_all_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<Batch>> at_work_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::ScoreStreamResponse> to_write_ ABSL_GUARDED_BY(mutex_);  // The first one is being written while writing_.
};

}  // namespace cohort::reward
