#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "services/rollout/engine/cuda/kernels/row.h"
#include "services/rollout/engine/cuda/step_device.h"
#include "services/rollout/engine/schedule/scheduler.h"

namespace cohort::rollout::cuda {

// The rows of the decode batch as the host sees them, and what the GPU has to be told of them with the next step. Not thread-safe.
class RowTable {
 public:
  RowTable(int rows, int64_t vocab_size) : vocab_size_(vocab_size), rows_(rows) {}

  // Gives a sample the first row that is free. There must be one.
  void Start(const SampleStart& start);
  // The sample has more pages than the GPU knows of.
  void RenewPages(const Sample& sample);
  // `still_runs`: the GPU does not know that the row is empty.
  void Empty(int row, bool still_runs);
  // Fills holes with the last rows where that makes the batch of the next step smaller. `batch_for` as StepDevice::BatchFor().
  void Compact(const std::function<int(int)>& batch_for);

  int size() const { return static_cast<int>(rows_.size()); }
  // nullptr when the row is free.
  Sample* sample(int row) const { return rows_[row].sample; }
  // Whether top_k, top_p or min_p drop tokens there.
  bool truncates(int row) const { return rows_[row].truncates; }

  const std::vector<PendingUpdate>& updates() const { return updates_; }  // At most one a row.
  const std::vector<PageCopy>& copies() const { return copies_; }
  // They have been passed on.
  void ClearPending();

 private:
  struct Row {
    Sample* sample = nullptr;
    bool truncates = false;
  };

  int FirstFree() const;
  int Used() const;
  bool HasPending(int row) const;
  // Replaces what was to happen to the row before.
  void SetPending(const PendingUpdate& pending);

  const int64_t vocab_size_;
  std::vector<Row> rows_;
  int live_ = 0;
  std::vector<PendingUpdate> updates_;
  std::vector<PageCopy> copies_;
};

}  // namespace cohort::rollout::cuda
