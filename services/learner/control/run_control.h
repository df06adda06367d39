#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/sync/stop.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/learner/v1/control_service.pb.h"
#include "services/learner/control/control_settings.h"

namespace cohort::learner {

// What people have ordered and the learner loop carries out. Orders are on disk (control.json) before they are answered, so they hold over restarts; a
// checkpoint that was asked for is the exception. Lives as long as the process, over all incarnations. Thread-safe: RPCs order, the loop asks.
class RunControl {
 public:
  // Checks a setting "section.field=value" as the config's loader would.
  using CheckSetting = std::function<absl::Status(const std::string& setting)>;
  // Restores what was ordered earlier. `config` is the run's as it was loaded.
  static absl::StatusOr<std::unique_ptr<RunControl>> Open(const std::string& run_directory, const config::v1::RunConfig& config, CheckSetting check);

  // Orders; see ControlService for what they mean and refuse. With `validate_only` nothing changes.
  absl::Status Pause(const std::string& reason, bool validate_only) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Resume(bool validate_only) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the step of the checkpoint.
  absl::StatusOr<int64_t> RequestCheckpoint(bool validate_only) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the incarnation that still runs.
  absl::StatusOr<int64_t> Rollback(int64_t step, bool validate_only) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the bound before.
  absl::StatusOr<int64_t> SetMaxStaleness(int64_t bound, bool validate_only) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the learning rate before, and the first step with the new one.
  absl::StatusOr<v1::SetLearningRateResponse> SetLearningRate(double value, bool validate_only) ABSL_LOCKS_EXCLUDED(mutex_);

  // What holds; everything of GetControlResponse but the time budgets and the counts of others.
  v1::GetControlResponse State() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<v1::Checkpoint> Checkpoints() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The config as it holds now.
  config::v1::RunConfig EffectiveConfig() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The learner's side. A rollback that is to be done before an incarnation begins; -1 for none.
  int64_t PendingRollback() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The rollback to `step` is done. What is set now holds from there on.
  absl::Status RolledBack(int64_t step) ABSL_LOCKS_EXCLUDED(mutex_);
  // An incarnation is at `step` and takes orders from now on; End() when it takes none any more.
  void Begin(int64_t incarnation, int64_t step) ABSL_LOCKS_EXCLUDED(mutex_);
  void End() ABSL_LOCKS_EXCLUDED(mutex_);
  // End() unless something is ordered: all steps are done. False when that is to be attended to before.
  bool EndUnlessOrdered() ABSL_LOCKS_EXCLUDED(mutex_);
  void SetCheckpoints(std::vector<v1::Checkpoint> checkpoints) ABSL_LOCKS_EXCLUDED(mutex_);

  // What is to be done between two updates.
  struct Orders {
    bool pause = false;
    bool checkpoint = false;
    bool roll_back = false;
    bool begin_again = false;  // Another staleness bound: a new incarnation is to begin.
  };
  Orders Pending() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits while the run is paused and nothing else is ordered; true unless `stop` was requested. The run counts as paused meanwhile.
  bool WaitWhilePaused(const sync::StopToken& stop) ABSL_LOCKS_EXCLUDED(mutex_);
  // The ordered checkpoint was tried.
  void CheckpointTried(int64_t step, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // The update of `step` begins: its peak learning rate.
  double BeginUpdate(int64_t step) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  RunControl(std::string path, config::v1::RunConfig config, CheckSetting check);
  absl::Status CheckRunning() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `settings` hold once they are on disk.
  absl::Status Commit(ControlSettings settings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t MaxStaleness() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Orders PendingLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const config::v1::RunConfig config_;
  const CheckSetting check_;

  mutable absl::Mutex mutex_;
  ControlSettings settings_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Checkpoint> checkpoints_ ABSL_GUARDED_BY(mutex_);
  bool running_ ABSL_GUARDED_BY(mutex_) = false;          // An incarnation takes orders.
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;           // The loop waits.
  bool wants_checkpoint_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t incarnation_staleness_ ABSL_GUARDED_BY(mutex_) = 0;  // The bound that the incarnation works with.
  int64_t next_update_ ABSL_GUARDED_BY(mutex_) = 0;       // Step of the first update that has not begun.
  int64_t checkpoint_tried_ ABSL_GUARDED_BY(mutex_) = -1;
  std::string checkpoint_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cohort::learner
