#include "services/learner/follow/order_box.h"

#include <utility>

namespace cohort::learner {

bool OrderBox::Put(v1::FollowResponse order) {
  absl::MutexLock lock(&mutex_);
  Queue* queue = &of_none_;
  if (order.has_score() || order.has_backward()) {
    const int64_t worker = order.has_score() ? order.score().worker() : order.backward().worker();
    if (worker < 0 || worker >= static_cast<int64_t>(of_workers_.size())) return false;
    queue = &of_workers_[worker];
  }
  queue->push_back(std::move(order));
  return true;
}

void OrderBox::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

std::optional<v1::FollowResponse> OrderBox::NextOf(int64_t worker) {
  absl::MutexLock lock(&mutex_);
  const auto due = [this, worker]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || !of_none_.empty() || !of_workers_[worker].empty(); };
  mutex_.Await(absl::Condition(&due));
  return closed_ ? std::nullopt : Take(of_workers_[worker]);
}

std::optional<v1::FollowResponse> OrderBox::NextOfNone() {
  absl::MutexLock lock(&mutex_);
  return closed_ ? std::nullopt : Take(of_none_);
}

bool OrderBox::closed() const {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

std::optional<v1::FollowResponse> OrderBox::Take(Queue& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<v1::FollowResponse> order = std::move(queue.front());
  queue.pop_front();
  return order;
}

}  // namespace cohort::learner
