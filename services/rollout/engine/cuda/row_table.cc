#include "services/rollout/engine/cuda/row_table.h"

#include <algorithm>
#include <utility>

#include "services/rollout/engine/request_check.h"

namespace cohort::rollout::cuda {
namespace {

DecodeRow RowOf(const Sample& sample, bool truncates) {
  const GroupRequest& request = sample.group->request;
  DecodeRow row;
  row.token = sample.TokenAt(sample.position());
  row.position = static_cast<int32_t>(sample.position());
  row.index = static_cast<int32_t>(sample.issued);
  row.most_tokens = static_cast<int32_t>(sample.group->most_tokens);
  row.temperature = request.sampling.temperature();
  row.top_p = request.sampling.top_p();
  row.min_p = request.sampling.min_p();
  row.top_k = request.sampling.top_k();
  row.seed = request.sampling.seed();
  row.step = static_cast<uint32_t>(request.step);
  row.slot = static_cast<uint32_t>(request.slot);
  row.sample = static_cast<uint32_t>(sample.index);
  row.truncates = truncates ? 1 : 0;
  return row;
}

}  // namespace

void RowTable::Start(const SampleStart& start) {
  Sample& sample = *start.sample;
  const int index = FirstFree();
  sample.row = index;
  rows_[index] = {&sample, Truncates(sample.group->request.sampling, vocab_size_)};
  ++live_;
  if (start.copy.to >= 0) copies_.push_back(start.copy);
  RowUpdate update;
  update.to = index;
  update.row = RowOf(sample, rows_[index].truncates);
  SetPending({update, &sample.pages});
}

void RowTable::RenewPages(const Sample& sample) {
  RowUpdate update;
  update.to = update.from = sample.row;
  SetPending({update, &sample.pages});
}

void RowTable::Empty(int index, bool still_runs) {
  rows_[index] = {};
  --live_;
  if (!still_runs) return;
  RowUpdate update;
  update.to = index;
  SetPending({update, nullptr});
}

void RowTable::Compact(const std::function<int(int)>& batch_for) {
  // Rows that start with this very step are not on the GPU yet.
  if (std::any_of(updates_.begin(), updates_.end(), [](const PendingUpdate& pending) { return pending.update.row.position >= 0; })) return;
  for (int last = Used() - 1, hole = FirstFree(); hole < last && batch_for(live_) < batch_for(last + 1); last = Used() - 1, hole = FirstFree()) {
    if (HasPending(last)) return;  // It gets pages; a later step may move it.
    rows_[hole] = std::exchange(rows_[last], Row{});
    rows_[hole].sample->row = hole;
    RowUpdate update;
    update.to = hole;
    update.from = last;
    SetPending({update, nullptr});
  }
}

void RowTable::ClearPending() {
  updates_.clear();
  copies_.clear();
}

int RowTable::FirstFree() const {
  const auto free = [](const Row& row) { return row.sample == nullptr; };
  return static_cast<int>(std::find_if(rows_.begin(), rows_.end(), free) - rows_.begin());
}

int RowTable::Used() const {
  int used = size();
  while (used > 0 && rows_[used - 1].sample == nullptr) --used;
  return used;
}

bool RowTable::HasPending(int row) const {
  return std::any_of(updates_.begin(), updates_.end(), [row](const PendingUpdate& pending) { return pending.update.to == row; });
}

void RowTable::SetPending(const PendingUpdate& pending) {
  const auto same = [&](const PendingUpdate& other) { return other.update.to == pending.update.to; };
  const auto it = std::find_if(updates_.begin(), updates_.end(), same);
  if (it == updates_.end()) {
    updates_.push_back(pending);
  } else {
    *it = pending;
  }
}

}  // namespace cohort::rollout::cuda
