#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "services/learner/train/kernels/kernels.h"

namespace cohort::learner {

// Sequences of different lengths, packed row by row without padding, for one pass of the decoder. Sequences with a common beginning share its rows:
// a prompt is computed once for all its completions. Plain data once built; not thread-safe while it grows.
class TokenBatch {
 public:
  // Begins a family: a sequence of its own, or the beginning that the children added next have in common. `tokens` is not empty. Returns its first
  // row.
  int64_t AddRoot(absl::Span<const int32_t> tokens);

  // Adds a sequence that goes on from the latest root, and returns its first row. Empty sequences take no row.
  int64_t AddChild(absl::Span<const int32_t> tokens);

  // Asks for the log-probability of `target` as the token after `row`.
  void AddPrediction(int64_t row, int32_t target);

  struct Family {
    RowSpan root;
    int64_t first_child = 0;  // Index into children().
    int64_t num_children = 0;
  };

  int64_t rows() const { return static_cast<int64_t>(tokens_.size()); }
  int64_t predictions() const { return static_cast<int64_t>(targets_.size()); }
  const std::vector<int32_t>& tokens() const { return tokens_; }
  const std::vector<int32_t>& positions() const { return positions_; }              // Of each row in its sequence.
  const std::vector<Family>& families() const { return families_; }
  const std::vector<RowSpan>& children() const { return children_; }
  const std::vector<int64_t>& predicting_rows() const { return predicting_rows_; }  // Of each prediction.
  const std::vector<int32_t>& targets() const { return targets_; }
  int64_t longest() const { return longest_; }                                       // Longest sequence, its root included.

 private:
  int64_t Append(absl::Span<const int32_t> tokens, int64_t first_position);

  std::vector<int32_t> tokens_;
  std::vector<int32_t> positions_;
  std::vector<Family> families_;
  std::vector<RowSpan> children_;
  std::vector<int64_t> predicting_rows_;
  std::vector<int32_t> targets_;
  int64_t longest_ = 0;
};

}  // namespace cohort::learner
