#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "common/rpc/client.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/cli/grade/grade_row.h"

namespace cohort::cli {

// Sends batches of rows over ScoreStream and writes their results in the order of the rows, each batch as soon as it and those before it are done. At most
// kMaxBatchesInFlight batches are held. When the service goes away, the batches without results are sent again to the service that `connect` finds.
//
// Add(), Idle() and Finish() are for one thread.
class GradePipeline {
 public:
  static constexpr size_t kMaxBatchesInFlight = 16;
  using Connect = std::function<absl::StatusOr<std::shared_ptr<grpc::Channel>>()>;

  // `out` must outlive the pipeline. A call on which nothing moves for `patience` is given up.
  GradePipeline(Connect connect, std::FILE* out, absl::Duration patience);
  ~GradePipeline();

  // Takes the rows; blocks while too many are in flight.
  absl::Status Add(std::vector<GradeRow> rows);
  // Waits a moment for results and deals with a call that broke. True when none are awaited. For the time in which there is no input to add.
  absl::StatusOr<bool> Idle();
  // Waits until all results are written.
  absl::Status Finish();

 private:
  struct Batch {
    std::vector<GradeRow> rows;
    int64_t number = 0;
    bool done = false;
    std::string output;  // Set when done.
  };
  struct Call;

  absl::Status Open();
  // Ends the call; what it ended with.
  absl::Status Close();
  // After a broken call: finds a service and sends what has no result. Fails when that does not help.
  absl::Status Recover();
  bool Send(const Batch& batch);
  void ReadResponses(Call& call);
  void Take(const cohort::reward::v1::ScoreStreamResponse& response);
  void WriteDone() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Watch();

  const Connect connect_;
  std::FILE* const out_;
  const absl::Duration patience_;
  std::unique_ptr<Call> call_;
  int64_t next_number_ = 0;
  int failures_in_a_row_ = 0;

  absl::Mutex mutex_;
  std::deque<std::shared_ptr<Batch>> in_flight_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;         // The call has ended before its time.
  bool output_failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool moved_ ABSL_GUARDED_BY(mutex_) = false;          // Results came since the last recovery.
  absl::Time last_progress_ ABSL_GUARDED_BY(mutex_);
  grpc::ClientContext* watched_ ABSL_GUARDED_BY(mutex_) = nullptr;

  sync::StopSource stop_;
  sync::Thread watchdog_;  // Last: it uses what is above.
};

}  // namespace cohort::cli
