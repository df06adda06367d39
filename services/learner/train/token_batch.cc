#include "services/learner/train/token_batch.h"

#include <algorithm>

namespace cohort::learner {

int64_t TokenBatch::Append(absl::Span<const int32_t> tokens, int64_t first_position) {
  const int64_t first_row = rows();
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  for (size_t i = 0; i < tokens.size(); ++i) positions_.push_back(static_cast<int32_t>(first_position + i));
  longest_ = std::max<int64_t>(longest_, first_position + tokens.size());
  return first_row;
}

int64_t TokenBatch::AddRoot(absl::Span<const int32_t> tokens) {
  const int64_t first_row = Append(tokens, 0);
  families_.push_back({.root = {first_row, static_cast<int64_t>(tokens.size())}, .first_child = static_cast<int64_t>(children_.size())});
  return first_row;
}

int64_t TokenBatch::AddChild(absl::Span<const int32_t> tokens) {
  Family& family = families_.back();
  const int64_t first_row = Append(tokens, family.root.length);
  if (!tokens.empty()) {
    children_.push_back({first_row, static_cast<int64_t>(tokens.size())});
    ++family.num_children;
  }
  return first_row;
}

void TokenBatch::AddPrediction(int64_t row, int32_t target) {
  predicting_rows_.push_back(row);
  targets_.push_back(target);
}

}  // namespace cohort::learner
