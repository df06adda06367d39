#include "services/learner/checkpoint/checkpoint_store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/model/manifest.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

namespace fs = std::filesystem;

constexpr char kStateFile[] = "trainer_state.json";
constexpr char kOptimizerFile[] = "optimizer.safetensors";
constexpr char kPartial[] = ".partial";

// Names of the entries of `directory`; none when it is not there.
std::vector<std::string> List(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The step that a directory name speaks of.
std::optional<int64_t> StepOf(absl::string_view name) {
  int64_t step = 0;
  if (!absl::ConsumePrefix(&name, "step-") || !absl::SimpleAtoi(name, &step)) return std::nullopt;
  return step;
}

absl::StatusOr<Checkpoint> Open(const std::string& path) {
  COHORT_RETURN_IF_ERROR(model::VerifyManifest(path));
  const std::string file = absl::StrCat(path, "/", kStateFile);
  COHORT_ASSIGN_OR_RETURN(const std::string json, io::ReadFile(file));
  COHORT_ASSIGN_OR_RETURN(RunState state, ParseRunState(json, file));
  return Checkpoint{path, std::move(state)};
}

// Takes the final name away first, so that a removal that is interrupted leaves no damaged checkpoint.
absl::Status Remove(const std::string& path) {
  const std::string doomed = path + kPartial;
  COHORT_RETURN_IF_ERROR(io::RenameDurably(path, doomed));
  return io::RemoveTree(doomed);
}

// Makes `staged` appear as `target` at once, in the place of what is there.
absl::Status Publish(const std::string& staged, const std::string& target) {
  COHORT_RETURN_IF_ERROR(io::SyncDirectory(staged));
  COHORT_RETURN_IF_ERROR(io::RemoveTree(target));
  return io::RenameDurably(staged, target);
}

}  // namespace

CheckpointStore::CheckpointStore(Options options) : options_(std::move(options)), directory_(options_.run_directory + "/checkpoints") {}

absl::StatusOr<std::optional<Checkpoint>> CheckpointStore::FindLatest() {
  kept_.clear();
  for (const std::string& name : List(directory_)) {
    const std::string path = directory_ + "/" + name;
    if (absl::EndsWith(name, kPartial)) {
      COHORT_LOG(WARNING) << path << ": left by a learner that was interrupted while it wrote or removed a checkpoint; removed";
      COHORT_RETURN_IF_ERROR(io::RemoveTree(path));
      continue;
    }
    const std::optional<int64_t> step = StepOf(name);
    if (!step.has_value()) continue;
    absl::StatusOr<Checkpoint> checkpoint = Open(path);
    if (checkpoint.ok() && checkpoint->state.step != *step) checkpoint = absl::DataLossError(absl::StrCat(path, ": speaks of another step"));
    if (checkpoint.ok()) {
      kept_.push_back(*std::move(checkpoint));
    } else {
      COHORT_LOG(WARNING) << "a damaged checkpoint is skipped: " << checkpoint.status().message();
    }
  }
  std::sort(kept_.begin(), kept_.end(), [](const Checkpoint& a, const Checkpoint& b) { return a.state.step < b.state.step; });
  if (kept_.empty()) return std::nullopt;
  return kept_.back();
}

absl::Status CheckpointStore::WriteFiles(const std::string& directory, const RunState& state, const model::ModelConfig& config,
                                         const model::ArenaLayout& layout, const TrainerSnapshot& snapshot) const {
  COHORT_RETURN_IF_ERROR(model::SaveCheckpoint(directory, options_.model_source, config, layout, *snapshot.weights));
  COHORT_RETURN_IF_ERROR(WriteTrainerState(absl::StrCat(directory, "/", kOptimizerFile), snapshot.state));
  COHORT_RETURN_IF_ERROR(io::WriteFileDurably(absl::StrCat(directory, "/", kStateFile), ToJson(state)));
  return model::WriteManifest(directory);
}

absl::StatusOr<Checkpoint> CheckpointStore::Write(const RunState& state, const model::ModelConfig& config, const model::ArenaLayout& layout,
                                                  const TrainerSnapshot& snapshot) const {
  const std::string target = absl::StrCat(directory_, "/", absl::StrFormat("step-%06d", state.step));
  const std::string staged = target + kPartial;
  COHORT_RETURN_IF_ERROR(io::RemoveTree(staged));
  absl::Status written = io::CreateDirectories(staged);
  if (written.ok()) written = WriteFiles(staged, state, config, layout, snapshot);
  if (written.ok()) written = Publish(staged, target);
  if (!written.ok()) {
    if (const absl::Status removed = io::RemoveTree(staged); !removed.ok()) COHORT_LOG(WARNING) << removed.message();
    return Annotate(written, absl::StrCat("the checkpoint of step ", state.step, " was not written"));
  }
  return Checkpoint{target, state};
}

std::vector<Checkpoint> CheckpointStore::Lasting() const {
  const auto better = [](const Checkpoint& a, const Checkpoint& b) { return a.state.reward_mean < b.state.reward_mean; };
  const auto best = std::max_element(kept_.begin(), kept_.end(), better);
  std::vector<Checkpoint> lasting;
  for (auto it = kept_.begin(); it != kept_.end(); ++it) {
    const bool recent = kept_.end() - it <= options_.keep_last;
    if (recent || (options_.keep_best && it == best)) lasting.push_back(*it);
  }
  return lasting;
}

void CheckpointStore::Prune() {
  std::vector<Checkpoint> lasting = Lasting();
  for (const Checkpoint& checkpoint : kept_) {
    const auto same = [&checkpoint](const Checkpoint& other) { return other.path == checkpoint.path; };
    if (std::any_of(lasting.begin(), lasting.end(), same)) continue;
    if (const absl::Status removed = Remove(checkpoint.path); !removed.ok()) COHORT_LOG(WARNING) << "an old checkpoint stays: " << removed.message();
  }
  kept_ = std::move(lasting);
}

absl::Status CheckpointStore::DropAfter(int64_t step) {
  while (!kept_.empty() && kept_.back().state.step > step) {
    COHORT_RETURN_IF_ERROR(Remove(kept_.back().path));
    kept_.pop_back();
  }
  return absl::OkStatus();
}

int64_t CheckpointStore::oldest_step() const {
  // Fewer than keep_last: a start could have to go back to the initial model.
  if (static_cast<int>(kept_.size()) < options_.keep_last) return 0;
  return kept_[kept_.size() - options_.keep_last].state.step;
}

absl::Status CheckpointStore::ExportModel(const std::string& directory, const model::ModelConfig& config, const model::ArenaLayout& layout,
                                          const model::Arena& weights) const {
  const std::string staged = directory + kPartial;
  COHORT_RETURN_IF_ERROR(io::RemoveTree(staged));
  absl::Status written = io::CreateDirectories(staged);
  if (written.ok()) written = model::SaveCheckpoint(staged, options_.model_source, config, layout, weights);
  if (written.ok()) written = model::WriteManifest(staged);
  if (written.ok()) written = Publish(staged, directory);
  if (!written.ok()) {
    if (const absl::Status removed = io::RemoveTree(staged); !removed.ok()) COHORT_LOG(WARNING) << removed.message();
  }
  return written;
}

}  // namespace cohort::learner
