#include "services/learner/pretrain/row_packer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/random/philox.h"

namespace cohort::learner {

RowPacker::RowPacker(std::vector<int64_t> lengths, int64_t rows, int64_t row_tokens, uint64_t seed)
    : lengths_(std::move(lengths)), rows_(rows), row_tokens_(row_tokens), seed_(seed), order_(lengths_.size()), used_(lengths_.size()) {}

std::vector<int64_t> RowPacker::NextStep() {
  std::vector<int64_t> room(rows_, row_tokens_);
  std::vector<std::vector<int64_t>> rows(rows_);
  for (;;) {
    const int64_t document = waiting_ >= 0 ? std::exchange(waiting_, -1) : NextDocument();
    const auto row = std::find_if(room.begin(), room.end(), [&](int64_t left) { return left >= lengths_[document]; });
    if (row == room.end()) {
      waiting_ = document;
      break;
    }
    *row -= lengths_[document];
    rows[row - room.begin()].push_back(document);
  }
  std::vector<int64_t> documents;
  for (const auto& row : rows) documents.insert(documents.end(), row.begin(), row.end());
  return documents;
}

int64_t RowPacker::NextDocument() {
  if (used_ == order_.size()) {
    constexpr uint64_t kOrderStream = uint64_t{0x6f72} << 48;
    random::Stream stream(seed_, kOrderStream | pass_++);
    std::iota(order_.begin(), order_.end(), 0);
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[stream.NextBelow(static_cast<uint32_t>(i))]);
    used_ = 0;
  }
  return order_[used_++];
}

}  // namespace cohort::learner
