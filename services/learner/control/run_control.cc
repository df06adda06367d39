#include "services/learner/control/run_control.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

// How long a stop may go unnoticed while the run is paused.
constexpr absl::Duration kGlance = absl::Milliseconds(100);

}  // namespace

RunControl::RunControl(std::string path, config::v1::RunConfig config, CheckSetting check)
    : path_(std::move(path)), config_(std::move(config)), check_(std::move(check)) {}

absl::StatusOr<std::unique_ptr<RunControl>> RunControl::Open(const std::string& run_directory, const config::v1::RunConfig& config,
                                                             CheckSetting check) {
  std::unique_ptr<RunControl> control(new RunControl(run_directory + "/control.json", config, std::move(check)));
  absl::MutexLock lock(&control->mutex_);
  COHORT_ASSIGN_OR_RETURN(control->settings_, LoadControlSettings(control->path_));
  return control;
}

absl::Status RunControl::CheckRunning() const {
  if (running_) return absl::OkStatus();
  return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "RUN_OVER", "the run has finished or failed, or is starting; there is nothing to steer");
}

absl::Status RunControl::Commit(ControlSettings settings) {
  COHORT_RETURN_IF_ERROR(SaveControlSettings(settings, path_));
  settings_ = std::move(settings);
  return absl::OkStatus();
}

int64_t RunControl::MaxStaleness() const { return settings_.max_staleness.value_or(config_.algorithm().max_staleness()); }

absl::Status RunControl::Pause(const std::string& reason, bool validate_only) {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(CheckRunning());
  if (validate_only) return absl::OkStatus();
  ControlSettings settings = settings_;
  settings.paused = true;
  settings.pause_reason = reason;
  return Commit(std::move(settings));
}

absl::Status RunControl::Resume(bool validate_only) {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(CheckRunning());
  if (validate_only || !settings_.paused) return absl::OkStatus();
  ControlSettings settings = settings_;
  settings.paused = false;
  settings.pause_reason.clear();
  return Commit(std::move(settings));
}

absl::StatusOr<int64_t> RunControl::RequestCheckpoint(bool validate_only) {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(CheckRunning());
  if (validate_only) return next_update_;
  wants_checkpoint_ = true;
  checkpoint_tried_ = -1;  // What came of an earlier order says nothing about this one, even when both are of the same step.
  return next_update_;
}

absl::StatusOr<int64_t> RunControl::Rollback(int64_t step, bool validate_only) {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(CheckRunning());
  const bool kept = std::any_of(checkpoints_.begin(), checkpoints_.end(), [step](const v1::Checkpoint& one) { return one.step() == step; });
  if (!kept && step != 0) {
    std::string steps;
    for (const v1::Checkpoint& checkpoint : checkpoints_) absl::StrAppend(&steps, steps.empty() ? "" : ", ", checkpoint.step());
    return ErrorWithReason(absl::StatusCode::kNotFound, "NO_CHECKPOINT",
                           absl::StrCat("no checkpoint of step ", step, " is kept; there are: ", steps.empty() ? "none" : steps, ", and 0, the initial model"));
  }
  if (validate_only) return incarnation_;
  ControlSettings settings = settings_;
  settings.rollback_step = step;
  COHORT_RETURN_IF_ERROR(Commit(std::move(settings)));
  return incarnation_;
}

absl::StatusOr<int64_t> RunControl::SetMaxStaleness(int64_t bound, bool validate_only) {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(CheckRunning());
  COHORT_RETURN_IF_ERROR(check_(absl::StrCat("algorithm.max_staleness=", bound)));
  const int64_t before = MaxStaleness();
  if (validate_only || bound == before) return before;
  ControlSettings settings = settings_;
  settings.max_staleness = bound;
  COHORT_RETURN_IF_ERROR(Commit(std::move(settings)));
  return before;
}

absl::StatusOr<v1::SetLearningRateResponse> RunControl::SetLearningRate(double value, bool validate_only) {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(CheckRunning());
  COHORT_RETURN_IF_ERROR(check_(absl::StrFormat("optimizer.learning_rate=%.17g", value)));
  v1::SetLearningRateResponse response;
  response.set_previous(LearningRateOf(settings_, next_update_, config_.optimizer().learning_rate()));
  response.set_from_step(next_update_);
  if (validate_only || response.previous() == value) return response;
  ControlSettings settings = settings_;
  ChangeLearningRate(settings, {next_update_, value});
  COHORT_RETURN_IF_ERROR(Commit(std::move(settings)));
  return response;
}

v1::GetControlResponse RunControl::State() const {
  absl::MutexLock lock(&mutex_);
  v1::GetControlResponse state;
  state.set_pause_requested(settings_.paused);
  state.set_paused(paused_);
  state.set_pause_reason(settings_.pause_reason);
  state.set_max_staleness(incarnation_staleness_);
  state.set_learning_rate(LearningRateOf(settings_, next_update_, config_.optimizer().learning_rate()));
  state.set_incarnation(incarnation_);
  state.set_step(next_update_);
  state.set_checkpoint_tried(checkpoint_tried_);
  state.set_checkpoint_error(checkpoint_error_);
  state.set_rollback_to(settings_.rollback_step.value_or(-1));
  return state;
}

std::vector<v1::Checkpoint> RunControl::Checkpoints() const {
  absl::MutexLock lock(&mutex_);
  return checkpoints_;
}

config::v1::RunConfig RunControl::EffectiveConfig() const {
  absl::MutexLock lock(&mutex_);
  config::v1::RunConfig config = config_;
  config.mutable_algorithm()->set_max_staleness(static_cast<int32_t>(MaxStaleness()));
  config.mutable_optimizer()->set_learning_rate(LearningRateOf(settings_, next_update_, config_.optimizer().learning_rate()));
  return config;
}

int64_t RunControl::PendingRollback() const {
  absl::MutexLock lock(&mutex_);
  return settings_.rollback_step.value_or(-1);
}

absl::Status RunControl::RolledBack(int64_t step) {
  absl::MutexLock lock(&mutex_);
  ControlSettings settings = settings_;
  settings.rollback_step.reset();
  if (!settings.learning_rates.empty() && settings.learning_rates.back().from_step > step) {
    ChangeLearningRate(settings, {step, settings.learning_rates.back().value});
  }
  return Commit(std::move(settings));
}

void RunControl::Begin(int64_t incarnation, int64_t step) {
  absl::MutexLock lock(&mutex_);
  running_ = true;
  incarnation_ = incarnation;
  incarnation_staleness_ = MaxStaleness();
  next_update_ = step;
}

void RunControl::End() {
  absl::MutexLock lock(&mutex_);
  running_ = false;
}

bool RunControl::EndUnlessOrdered() {
  absl::MutexLock lock(&mutex_);
  const Orders orders = PendingLocked();
  if (orders.pause || orders.checkpoint || orders.roll_back || orders.begin_again) return false;
  running_ = false;
  return true;
}

void RunControl::SetCheckpoints(std::vector<v1::Checkpoint> checkpoints) {
  absl::MutexLock lock(&mutex_);
  checkpoints_ = std::move(checkpoints);
}

RunControl::Orders RunControl::PendingLocked() const {
  Orders orders;
  orders.pause = settings_.paused;
  orders.checkpoint = wants_checkpoint_;
  orders.roll_back = settings_.rollback_step.has_value();
  orders.begin_again = MaxStaleness() != incarnation_staleness_;
  return orders;
}

RunControl::Orders RunControl::Pending() const {
  absl::MutexLock lock(&mutex_);
  return PendingLocked();
}

bool RunControl::WaitWhilePaused(const sync::StopToken& stop) {
  absl::MutexLock lock(&mutex_);
  const auto moves = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Orders orders = PendingLocked();
    return !orders.pause || orders.checkpoint || orders.roll_back || orders.begin_again;
  };
  paused_ = true;
  while (!stop.stop_requested() && !mutex_.AwaitWithTimeout(absl::Condition(&moves), kGlance)) {
  }
  paused_ = false;
  return !stop.stop_requested();
}

void RunControl::CheckpointTried(int64_t step, const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  wants_checkpoint_ = false;
  checkpoint_tried_ = step;
  checkpoint_error_ = std::string(status.message());
}

double RunControl::BeginUpdate(int64_t step) {
  absl::MutexLock lock(&mutex_);
  next_update_ = step + 1;
  return LearningRateOf(settings_, step, config_.optimizer().learning_rate());
}

}  // namespace cohort::learner
