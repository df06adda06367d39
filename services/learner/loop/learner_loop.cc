#include "services/learner/loop/learner_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/loop/weights_to_publish.h"
#include "services/learner/observe/sample_log.h"

namespace cohort::learner {
namespace {

// Updates in a row that may fail on a non-finite loss before the run is given up.
constexpr int kMaxSkippedUpdates = 3;
constexpr int kFinalCheckpointAttempts = 3;
constexpr absl::Duration kPoll = absl::Milliseconds(200);  // So long an order may wait while followers are missing.

// Whether the run goes on after this error, in another incarnation or another process.
bool GoesOn(const absl::Status& status) {
  return absl::IsCancelled(status) || ErrorReason(status) == "QUEUE_LOST" || ErrorReason(status) == "BEGIN_AGAIN";
}

double SecondsSince(absl::Time begin) { return absl::ToDoubleSeconds(absl::Now() - begin); }

}  // namespace

LearnerLoop::LearnerLoop(Parts parts, RunState start, std::string run_directory)
    : parts_(std::move(parts)), run_directory_(std::move(run_directory)), state_(std::move(start)) {}

absl::Status LearnerLoop::Run() {
  COHORT_RETURN_IF_ERROR(Publish());
  parts_.feed->SetPhase(learner::v1::RUN_PHASE_TRAINING, "");
  parts_.tell(registry::v1::EVENT_KIND_RUN_PHASE, state_.run, absl::StrCat("training from step ", state_.step));
  while (state_.step < parts_.config->run().steps() || !parts_.control->EndUnlessOrdered()) {
    absl::Status done = Attend("issuing");
    if (done.ok() && state_.step < parts_.config->run().steps()) done = RunStep();
    if (done.ok()) continue;
    if (GoesOn(done)) {
      if (const absl::Status saved = parts_.checkpoints->Save(state_); !saved.ok()) {
        COHORT_LOG(WARNING) << "the run will go on from the checkpoint before: " << saved.message();
      }
    } else {
      parts_.checkpoints->Await();
    }
    return done;
  }
  return Finish();
}

absl::Status LearnerLoop::Attend(const std::string& activity) {
  for (;;) {
    const RunControl::Orders orders = parts_.control->Pending();
    if (orders.checkpoint) {
      parts_.control->CheckpointTried(state_.step, parts_.checkpoints->Save(state_));
    }
    if (orders.roll_back || orders.begin_again) {
      return ErrorWithReason(absl::StatusCode::kAborted, "BEGIN_AGAIN", orders.roll_back ? "a rollback was ordered" : "another staleness bound was ordered");
    }
    if (!orders.pause) {
      parts_.checkpoints->Poll();
      break;
    }
    parts_.checkpoints->Await();  // While it is paused nobody would.
    COHORT_LOG(INFO) << "step=" << state_.step << " paused";
    parts_.tell(registry::v1::EVENT_KIND_RUN_PHASE, state_.run, absl::StrCat("paused before the update of step ", state_.step));
    parts_.budget->Switch("paused");
    if (!parts_.control->WaitWhilePaused(parts_.stop)) return absl::CancelledError("the learner is stopping");
    if (!parts_.control->Pending().pause) parts_.tell(registry::v1::EVENT_KIND_RUN_PHASE, state_.run, "goes on");
  }
  parts_.budget->Switch(activity);
  return absl::OkStatus();
}

absl::Status LearnerLoop::RunStep() {
  const absl::Time begin = absl::Now();
  parts_.window->Mark();
  learner::v1::StepRecord record;
  parts_.budget->Switch("issuing");
  COHORT_RETURN_IF_ERROR(IssueAhead());

  parts_.checkpoints->BeginWhenDue(state_, record);  // While the workers generate.

  parts_.budget->Switch("waiting_for_groups");
  const absl::Time wait_begin = absl::Now();
  COHORT_ASSIGN_OR_RETURN(const std::vector<SlotGroup> slots, parts_.collector->Collect(state_.step, [this] { return Attend("waiting_for_groups"); }));
  record.set_wait_seconds(SecondsSince(wait_begin));

  COHORT_RETURN_IF_ERROR(AwaitFollowers());
  parts_.budget->Switch("updating");
  parts_.trainer->SetLearningRate(parts_.control->BeginUpdate(state_.step));
  const absl::Time update_begin = absl::Now();
  COHORT_ASSIGN_OR_RETURN(const UpdateMetrics update, Update(slots));
  record.set_update_seconds(SecondsSince(update_begin));
  record.set_step(state_.step);
  DescribeSamples(*parts_.config, state_.step, slots, record);
  ++state_.step;
  const int64_t refresh = parts_.config->algorithm().reference_refresh_steps();
  if (refresh > 0 && state_.step % refresh == 0) COHORT_RETURN_IF_ERROR(parts_.trainer->RefreshReference());

  parts_.budget->Switch("publishing");
  const absl::Time publish_begin = absl::Now();
  COHORT_RETURN_IF_ERROR(Publish());
  record.set_publish_seconds(SecondsSince(publish_begin));

  parts_.budget->Switch("recording");
  record.set_step_seconds(SecondsSince(begin));
  Report(slots, update, std::move(record));
  return absl::OkStatus();
}

absl::Status LearnerLoop::IssueAhead() {
  const auto& config = *parts_.config;
  const int64_t last = std::min(state_.step + config.algorithm().max_staleness(), config.run().steps() - 1);
  for (int64_t step = state_.step; step <= last; ++step) {
    if (parts_.intake->Count(step) > 0) continue;
    COHORT_RETURN_IF_ERROR(parts_.issuer->OpenSlots(step, config.algorithm().prompts_per_step()));
  }
  return absl::OkStatus();
}

absl::Status LearnerLoop::AwaitFollowers() {
  if (parts_.await_followers == nullptr) return absl::OkStatus();
  parts_.budget->Switch("waiting_for_followers");
  while (!parts_.await_followers(absl::Now() + kPoll)) {
    if (parts_.stop.stop_requested()) return absl::CancelledError("the learner is stopping");
    COHORT_RETURN_IF_ERROR(Attend("waiting_for_followers"));
  }
  return absl::OkStatus();
}

absl::StatusOr<UpdateMetrics> LearnerLoop::TrainOn(const std::vector<SampleGroup>& groups) {
  for (;;) {
    absl::StatusOr<UpdateMetrics> update = parts_.trainer->Update(state_.step, groups);
    if (!IsFollowerLost(update.status())) return update;
    COHORT_LOG(WARNING) << "the update is repeated: " << update.status().message();
    COHORT_RETURN_IF_ERROR(AwaitFollowers());
    parts_.budget->Switch("updating");
  }
}

absl::StatusOr<UpdateMetrics> LearnerLoop::Update(const std::vector<SlotGroup>& slots) {
  std::vector<SampleGroup> groups;
  for (const SlotGroup& slot : slots) {
    if (slot.outcome != SlotOutcome::kTrained) continue;
    groups.push_back(ToSampleGroup(slot, parts_.tasks->Prompt(slot.group.step(), slot.group.slot()).token_ids));
  }
  if (groups.empty()) {
    COHORT_LOG(WARNING) << "step=" << state_.step << " no group teaches anything, even after all refill waves; the policy stays as it is";
    return UpdateMetrics();
  }
  absl::StatusOr<UpdateMetrics> update = TrainOn(groups);
  if (GoesOn(update.status())) return update;
  if (update.ok()) {
    skipped_updates_ = 0;
    return update;
  }
  if (ErrorReason(update.status()) != "NON_FINITE" || ++skipped_updates_ >= kMaxSkippedUpdates) {
    return Annotate(update.status(), "the update failed");
  }
  COHORT_LOG(ERROR) << "step=" << state_.step << " the update is skipped, the policy stays as it is: " << update.status().message();
  return UpdateMetrics();
}

absl::Status LearnerLoop::Publish() {
  COHORT_ASSIGN_OR_RETURN(auto weights, WeightsToPublish(*parts_.trainer, /*on_gpu=*/parts_.root != nullptr));
  parts_.publisher->Publish(state_.step, std::move(weights));
  parts_.metrics->SetPolicyVersion(state_.step);
  parts_.feed->Update([this](learner::v1::GetRunResponse& state) {
    state.set_policy_version(state_.step);
    state.set_steps_done(state_.step);
  });
  return absl::OkStatus();
}

void LearnerLoop::Report(const std::vector<SlotGroup>& slots, const UpdateMetrics& update, learner::v1::StepRecord record) {
  state_.elapsed_seconds = parts_.clock->Seconds();
  const IntakeCounts counts = parts_.intake->counts();
  record.set_policy_version(state_.step);
  record.set_elapsed_seconds(state_.elapsed_seconds);
  record.set_kl(update.kl);
  record.set_entropy(update.entropy);
  record.set_loss(update.loss);
  record.set_grad_norm(update.grad_norm);
  record.set_learning_rate(update.learning_rate);
  record.set_clip_fraction(update.clip_fraction);
  record.set_logprob_diff_mean(update.logprob_diff_mean);
  record.set_logprob_diff_max(update.logprob_diff_max);
  record.set_importance_mean(update.importance_mean);
  record.set_tokens(update.tokens);
  record.set_tokens_per_second(record.step_seconds() > 0 ? static_cast<double>(update.tokens) / record.step_seconds() : 0);
  record.set_duplicates(counts.duplicates - counted_.duplicates);
  record.set_stale_rejected(counts.stale - counted_.stale);
  parts_.metrics->ObserveIntake(counted_, counts);
  counted_ = counts;
  if (parts_.root != nullptr) {
    const policy::CollectiveRoot::Counts broadcasts = parts_.root->counts();
    parts_.metrics->ObserveBroadcasts(broadcasts.members, broadcasts.last_broadcast_seconds, broadcasts.failures);
  }
  parts_.checkpoints->CountStep(record.reward_mean());

  std::string samples;
  for (const SlotGroup& slot : slots) {
    if (slot.outcome == SlotOutcome::kGivenUp) continue;
    const data::PreparedPrompt& prompt = parts_.tasks->Prompt(slot.group.step(), slot.group.slot());
    samples = SampleLines(*parts_.config, slot.group, prompt);
    break;
  }
  parts_.reporter->Report(record, LedgerLines(slots, state_.step), samples);
}

absl::Status LearnerLoop::Finish() {
  absl::Status status;
  for (int attempt = 0; attempt < kFinalCheckpointAttempts; ++attempt) {
    if (attempt > 0) absl::SleepFor(absl::Seconds(1));
    status = parts_.checkpoints->Save(state_);
    if (status.ok()) status = parts_.checkpoints->ExportModel(run_directory_ + "/model");
    if (status.ok()) break;
    COHORT_LOG(ERROR) << "the final policy is not on disk yet: " << status.message();
  }
  parts_.budget->Switch("finished");
  if (!status.ok()) return Annotate(status, "the final policy cannot be written; make room and go on with --resume");
  parts_.feed->SetPhase(learner::v1::RUN_PHASE_FINISHED, "");
  parts_.tell(registry::v1::EVENT_KIND_RUN_PHASE, state_.run, absl::StrCat("finished after ", state_.step, " steps"));
  COHORT_LOG(INFO) << "the run has finished after " << state_.step << " steps; the policy is in " << run_directory_ << "/model";
  return absl::OkStatus();
}

}  // namespace cohort::learner
