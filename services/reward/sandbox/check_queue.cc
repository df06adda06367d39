#include "services/reward/sandbox/check_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "services/reward/sandbox/limits.h"
#include "services/reward/sandbox/wire.h"

namespace cohort::reward {
namespace {

constexpr absl::Duration kRetryDelay = absl::Milliseconds(20);

void MoveTo(std::vector<QueuedCheck>&& checks, std::deque<QueuedCheck>& queue, std::deque<QueuedCheck>::iterator place) {
  queue.insert(place, std::make_move_iterator(checks.begin()), std::make_move_iterator(checks.end()));
}

}  // namespace

absl::Status CheckQueue::Add(std::vector<QueuedCheck> checks) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return absl::UnavailableError("the reward service is stopping");
  if (!waiting_.empty() || !Fits(checks.size())) {
    return WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat("the queue of checks is full (", ready_.size(), " of ", capacity_, ")")), kRetryDelay);
  }
  MoveTo(std::move(checks), ready_, ready_.end());
  return absl::OkStatus();
}

std::vector<QueuedCheck> CheckQueue::AddWhenRoom(std::vector<QueuedCheck> checks) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return checks;
  waiting_.push_back(std::move(checks));
  AdmitWaiting();
  return {};
}

std::vector<QueuedCheck> CheckQueue::PutBack(std::vector<QueuedCheck> checks) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return checks;
  MoveTo(std::move(checks), ready_, ready_.begin());
  return {};
}

std::vector<QueuedCheck> CheckQueue::Take(int workers) {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &CheckQueue::CanTake));
  std::vector<QueuedCheck> batch;
  const size_t fair_share = (ready_.size() + workers - 1) / workers;
  const size_t most = std::min(kMaxBatchChecks, fair_share);
  size_t bytes = 0;
  while (!closed_ && batch.size() < most) {
    const size_t next = EncodedBytes(ready_.front().input());
    if (!batch.empty() && bytes + next > kMaxBatchBytes) break;
    bytes += next;
    batch.push_back(std::move(ready_.front()));
    ready_.pop_front();
  }
  AdmitWaiting();
  return batch;
}

void CheckQueue::AdmitWaiting() {
  while (!waiting_.empty() && Fits(waiting_.front().size())) {
    MoveTo(std::move(waiting_.front()), ready_, ready_.end());
    waiting_.pop_front();
  }
}

std::vector<QueuedCheck> CheckQueue::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  std::vector<QueuedCheck> left(std::make_move_iterator(ready_.begin()), std::make_move_iterator(ready_.end()));
  ready_.clear();
  for (auto& checks : waiting_) left.insert(left.end(), std::make_move_iterator(checks.begin()), std::make_move_iterator(checks.end()));
  waiting_.clear();
  return left;
}

size_t CheckQueue::depth() {
  absl::MutexLock lock(&mutex_);
  return ready_.size();
}

}  // namespace cohort::reward
