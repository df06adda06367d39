#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/rollout/engine/cuda/kernels/row.h"
#include "services/rollout/engine/schedule/scheduler.h"

namespace cohort::rollout::cuda {

// A change of a row, and where its page table comes from when the update brings one.
struct PendingUpdate {
  RowUpdate update;
  const std::vector<int32_t>* pages = nullptr;
};

// What Pipeline asks of a GPU, in the order of a step. Everything is enqueued, in this order, and nothing waited for, but WaitForResults(). Two steps are under
// way at most; `turn`, 0 or 1, says whose memory of the host is used. GpuSteps is the real one; tests have a model of it.
class StepDevice {
 public:
  virtual ~StepDevice() = default;

  // Keys and values of the pieces' tokens, all in one pass.
  virtual absl::Status Prefill(int turn, const std::vector<PrefillPiece>& pieces) = 0;
  // Changes rows, no two updates the same one, and then copies pages.
  virtual absl::Status UpdateRows(int turn, const std::vector<PendingUpdate>& updates, const std::vector<PageCopy>& copies) = 0;
  // Rows that Decode(rows) computes.
  virtual int BatchFor(int rows) const = 0;
  // A token for each of the first `rows` rows that is not empty, which moves on or becomes empty. `truncates`: some row has top_k, top_p or min_p.
  virtual absl::Status Decode(int turn, int rows, bool truncates) = 0;
  // Marks the end of the step.
  virtual absl::Status Finish(int turn) = 0;
  // Waits for the end of the step. One result for each row of its Decode().
  virtual absl::StatusOr<const RowResult*> WaitForResults(int turn) = 0;
};

}  // namespace cohort::rollout::cuda
