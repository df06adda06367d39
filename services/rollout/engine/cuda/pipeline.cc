#include "services/rollout/engine/cuda/pipeline.h"

#include "common/status/status_macros.h"

namespace cohort::rollout::cuda {

Pipeline::Pipeline(const SchedulerOptions& options, StepDevice& device)
    : device_(device), scheduler_(options), rows_(options.max_batch, options.vocab_size) {}

absl::Status Pipeline::Step(int64_t version) {
  const int now = static_cast<int>(steps_ % 2);
  flights_[now].version = version;
  COHORT_RETURN_IF_ERROR(Enqueue(now));
  if (flights_[now].active) {
    COHORT_RETURN_IF_ERROR(device_.Finish(now));
    ++steps_;
  }
  // The other one is the step before, when there is one.
  COHORT_RETURN_IF_ERROR(Collect(1 - now));
  scheduler_.Retire();
  return absl::OkStatus();
}

absl::Status Pipeline::Enqueue(int turn) {
  Flight& flight = flights_[turn];
  const std::vector<PrefillPiece>& pieces = scheduler_.Plan();
  for (const int row : scheduler_.TakeLeftRows()) rows_.Empty(row, /*still_runs=*/true);
  if (!pieces.empty()) {
    flight.active = true;
    COHORT_RETURN_IF_ERROR(device_.Prefill(turn, pieces));
  }
  for (const Sample* sample : scheduler_.grown()) rows_.RenewPages(*sample);
  for (const SampleStart& start : scheduler_.StartSamples()) rows_.Start(start);
  rows_.Compact([this](int rows) { return device_.BatchFor(rows); });
  if (!rows_.updates().empty()) {
    flight.active = true;
    COHORT_RETURN_IF_ERROR(device_.UpdateRows(turn, rows_.updates(), rows_.copies()));
    rows_.ClearPending();
  }
  return EnqueueDecode(turn);
}

absl::Status Pipeline::EnqueueDecode(int turn) {
  Flight& flight = flights_[turn];
  bool truncates = false;
  for (int row = 0; row < rows_.size(); ++row) {
    Sample* const sample = rows_.sample(row);
    if (sample == nullptr || sample->issued == sample->group->most_tokens) continue;
    ++sample->issued;
    truncates = truncates || rows_.truncates(row);
    flight.targets.push_back({sample->group->shared_from_this(), sample, row});
  }
  if (flight.targets.empty()) return absl::OkStatus();
  flight.active = true;
  return device_.Decode(turn, flight.targets.back().row + 1, truncates);
}

absl::Status Pipeline::Collect(int turn) {
  Flight& flight = flights_[turn];
  if (!flight.active) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const RowResult* const results, device_.WaitForResults(turn));
  for (const Target& target : flight.targets) {
    // An ended sample's row was still in the step that had been enqueued before its end was known; the scheduler drops what it says.
    const RowResult& result = results[target.row];
    if (!scheduler_.Record(*target.sample, result.token, result.logprob, flight.version) || target.sample->row < 0) continue;
    rows_.Empty(target.sample->row, /*still_runs=*/false);
    target.sample->row = -1;
  }
  flight.targets.clear();
  flight.active = false;
  return absl::OkStatus();
}

}  // namespace cohort::rollout::cuda
