#include "services/learner/loop/run_checkpoints.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

// Size of the files right in a folder.
double BytesIn(const std::string& folder) {
  double bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) bytes += static_cast<double>(entry.file_size(error));
  return bytes;
}

double SecondsSince(absl::Time begin) { return absl::ToDoubleSeconds(absl::Now() - begin); }

}  // namespace

RunCheckpoints::RunCheckpoints(Parts parts) : parts_(std::move(parts)), writer_(parts_.store, parts_.model) { Show(parts_.store->kept()); }

void RunCheckpoints::CountStep(double reward_mean) {
  rewards_.sum += reward_mean;
  ++rewards_.steps;
}

void RunCheckpoints::BeginWhenDue(const RunState& state, v1::StepRecord& record) {
  if (state.step == 0 || state.step % parts_.config->checkpoint().every_steps() != 0) return;
  parts_.budget->Switch("checkpointing");
  const absl::Time begin = absl::Now();
  LogFailure(Begin(state).status());
  record.set_checkpoint_seconds(SecondsSince(begin));
}

absl::Status RunCheckpoints::Save(const RunState& state) {
  parts_.budget->Switch("checkpointing");
  COHORT_ASSIGN_OR_RETURN(const bool begun, Begin(state));
  return begun ? Finish(writer_.Wait()) : absl::OkStatus();
}

absl::Status RunCheckpoints::ExportModel(const std::string& directory) {
  COHORT_ASSIGN_OR_RETURN(const auto weights, parts_.trainer->Weights());
  return parts_.store->ExportModel(directory, parts_.model->config, parts_.model->layout, *weights);
}

void RunCheckpoints::LogFailure(const absl::Status& status) {
  if (!status.ok()) COHORT_LOG(ERROR) << "a checkpoint is lost, the next one is tried when it is due: " << status.message();
}

absl::StatusOr<bool> RunCheckpoints::Begin(RunState state) {
  Await();
  if (parts_.control->Pending().roll_back) return false;  // It would be removed again.
  const std::vector<Checkpoint>& kept = parts_.store->kept();
  if (!kept.empty() && kept.back().state.step == state.step) return false;
  parts_.reporter->Sync();
  state.elapsed_seconds = parts_.clock->Seconds();
  state.reward_mean = rewards_.steps > 0 ? rewards_.sum / static_cast<double>(rewards_.steps) : 0;
  const absl::Time begin = absl::Now();
  absl::StatusOr<TrainerSnapshot> snapshot = parts_.trainer->Snapshot();
  if (!snapshot.ok()) {
    parts_.metrics->ObserveCheckpoint(SecondsSince(begin), /*ok=*/false, 0);
    return Annotate(snapshot.status(), absl::StrCat("the checkpoint of step ", state.step, " was not written"));
  }
  rewards_being_written_ = std::exchange(rewards_, Rewards());
  writer_.Begin(state, *std::move(snapshot));
  return true;
}

absl::Status RunCheckpoints::Finish(std::optional<CheckpointWriter::Written> written) {
  if (!written.has_value()) return absl::OkStatus();
  const absl::StatusOr<Checkpoint>& checkpoint = written->checkpoint;
  parts_.metrics->ObserveCheckpoint(written->seconds, checkpoint.ok(), checkpoint.ok() ? BytesIn(checkpoint->path) : 0);
  if (!checkpoint.ok()) {
    rewards_.sum += rewards_being_written_.sum;
    rewards_.steps += rewards_being_written_.steps;
    return checkpoint.status();
  }
  parts_.store->Add(*checkpoint);
  // From now on nobody can order a rollback to one that is about to go; where one is ordered already, all stay.
  Show(parts_.store->Lasting());
  if (!parts_.control->Pending().roll_back) parts_.store->Prune();
  Show(parts_.store->kept());
  parts_.feed->Update([&checkpoint](v1::GetRunResponse& state) { state.set_checkpoint(checkpoint->path); });
  parts_.tell(registry::v1::EVENT_KIND_CHECKPOINT, checkpoint->path, absl::StrCat("checkpoint of step ", written->state.step));
  const absl::Status dropped = parts_.journal->DropBefore(parts_.store->oldest_step());
  if (!dropped.ok()) COHORT_LOG(WARNING) << "old journal segments stay: " << dropped.message();
  COHORT_LOG(INFO) << "checkpoint of step " << written->state.step << " is in " << checkpoint->path;
  return absl::OkStatus();
}

void RunCheckpoints::Show(const std::vector<Checkpoint>& checkpoints) {
  std::vector<v1::Checkpoint> list;
  for (const Checkpoint& whole : checkpoints) {
    v1::Checkpoint& checkpoint = list.emplace_back();
    checkpoint.set_name(whole.path.substr(whole.path.rfind('/') + 1));
    checkpoint.set_path(whole.path);
    checkpoint.set_step(whole.state.step);
    checkpoint.set_incarnation(whole.state.incarnation);
    checkpoint.set_elapsed_seconds(whole.state.elapsed_seconds);
    checkpoint.set_reward_mean(whole.state.reward_mean);
  }
  parts_.control->SetCheckpoints(std::move(list));
}

}  // namespace cohort::learner
