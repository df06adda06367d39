#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/sync/thread.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "proto/cohort/learner/v1/run_service.pb.h"

namespace cohort::cli {

// What the watcher knows now.
struct WatchedRun {
  learner::v1::GetRunResponse run;                // The latest answer; phase UNSPECIFIED before the first.
  std::vector<learner::v1::StepRecord> records;   // The latest finished steps, in order, without gaps, at most kMaxRecords.
  bool connected = false;                         // The learner answers.
};

// Follows a learner's RunService on a thread of its own, through its restarts: every record is seen once, in order. Thread-safe.
class StepWatcher {
 public:
  static constexpr size_t kMaxRecords = 4096;

  // `address` is the learner's and stays the same over restarts; begins with step `from_step`.
  StepWatcher(std::string address, int64_t from_step);
  ~StepWatcher();

  WatchedRun Latest() const;

 private:
  void Follow();
  void RefreshRun(const std::shared_ptr<grpc::Channel>& channel);
  void ReadSteps(const std::shared_ptr<grpc::Channel>& channel);
  void Take(const learner::v1::StepRecord& record);
  void Pause(absl::Duration duration);
  // Lets the destructor cancel the call that `context` stands for; false when it is too late to begin one.
  bool BeginCall(grpc::ClientContext* context);
  void EndCall();

  const std::string address_;
  mutable absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
  WatchedRun latest_ ABSL_GUARDED_BY(mutex_);
  int64_t next_step_ ABSL_GUARDED_BY(mutex_);
  sync::Thread thread_;
};

}  // namespace cohort::cli
