#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/checkpoint.h"
#include "services/learner/checkpoint/run_state.h"
#include "services/learner/train/trainer_state.h"

namespace cohort::learner {

// One whole checkpoint on disk.
struct Checkpoint {
  std::string path;
  RunState state;
};

// The checkpoints of a run: directories checkpoints/step-000025 below the run's directory, each a Hugging Face checkpoint plus optimizer.safetensors
// (the trainer's state), trainer_state.json and manifest.json with the checksums of all of them.
//
// A checkpoint is written beside as step-000025.partial, flushed file by file, and renamed at the end; so a directory with the final name is whole,
// or was damaged later, which its manifest shows. Blocks for disk writes. Not thread-safe, but Write() may go on while any function but FindLatest() and DropAfter() is
// called.
class CheckpointStore {
 public:
  struct Options {
    std::string run_directory;
    std::string model_source;      // Directory whose config and tokenizer files every checkpoint carries.
    int keep_last = 2;             // At least 1.
    bool keep_best = true;         // Also the one with the highest reward_mean.
  };
  explicit CheckpointStore(Options options);

  // Removes what an interrupted write left, and returns the newest whole checkpoint; damaged ones are skipped with a warning that names the file.
  absl::StatusOr<std::optional<Checkpoint>> FindLatest();

  // Writes a checkpoint, for Add(). RESOURCE_EXHAUSTED (disk full) and others leave the earlier ones as they were and nothing behind.
  absl::StatusOr<Checkpoint> Write(const RunState& state, const model::ModelConfig& config, const model::ArenaLayout& layout,
                                   const TrainerSnapshot& snapshot) const;

  // A newer checkpoint than all others is whole.
  void Add(Checkpoint checkpoint) { kept_.push_back(std::move(checkpoint)); }

  // Those that Prune() would leave; Prune() removes the others.
  std::vector<Checkpoint> Lasting() const;
  void Prune();

  // Writes `directory` as a Hugging Face checkpoint with a manifest; replaces it when it is there.
  absl::Status ExportModel(const std::string& directory, const model::ModelConfig& config, const model::ArenaLayout& layout,
                           const model::Arena& weights) const;

  // Removes the checkpoints of steps beyond `step`, newest first: the run goes back to it. Call FindLatest() before.
  absl::Status DropAfter(int64_t step);

  // The whole checkpoints, by step.
  const std::vector<Checkpoint>& kept() const { return kept_; }
  // Directory of the newest whole checkpoint, or "".
  std::string latest() const { return kept_.empty() ? "" : kept_.back().path; }
  // Oldest step that a start could go on from, should newer checkpoints turn out damaged; 0 when only the initial model is there.
  int64_t oldest_step() const;

 private:
  absl::Status WriteFiles(const std::string& directory, const RunState& state, const model::ModelConfig& config, const model::ArenaLayout& layout,
                          const TrainerSnapshot& snapshot) const;

  const Options options_;
  const std::string directory_;
  std::vector<Checkpoint> kept_;  // Whole ones, by step.
};

}  // namespace cohort::learner
