#include "common/sync/stop.h"

#include <utility>

#include "absl/time/clock.h"

namespace cohort::sync {

bool StopToken::stop_requested() const {
  if (state_ == nullptr) return false;
  absl::MutexLock lock(&state_->mutex);
  return state_->stopped;
}

bool StopToken::WaitUntil(absl::Time deadline) const {
  // A token without a source waits on a state of its own, which nobody can stop.
  const std::shared_ptr<internal::StopState> state = state_ != nullptr ? state_ : std::make_shared<internal::StopState>();
  absl::MutexLock lock(&state->mutex);
  while (!state->stopped) {
    if (state->changed.WaitWithDeadline(&state->mutex, deadline)) break;
  }
  return state->stopped;
}

bool StopToken::WaitFor(absl::Duration duration) const { return WaitUntil(absl::Now() + duration); }

void StopSource::RequestStop() {
  internal::StopState& state = *state_;
  absl::MutexLock lock(&state.mutex);
  if (state.stopped) return;
  state.stopped = true;
  state.changed.SignalAll();
  while (!state.callbacks.empty()) {
    auto node = state.callbacks.extract(state.callbacks.begin());
    state.running = node.key();
    state.mutex.Unlock();
    node.mapped()();
    state.mutex.Lock();
    state.running = -1;
    state.changed.SignalAll();
  }
}

StopCallback::StopCallback(const StopToken& token, std::function<void()> callback) : state_(token.state_) {
  if (state_ == nullptr) return;
  {
    absl::MutexLock lock(&state_->mutex);
    if (!state_->stopped) {
      id_ = state_->next_id++;
      state_->callbacks.emplace(id_, std::move(callback));
      return;
    }
  }
  callback();
}

StopCallback::~StopCallback() {
  if (id_ < 0) return;
  absl::MutexLock lock(&state_->mutex);
  state_->callbacks.erase(id_);
  while (state_->running == id_) state_->changed.Wait(&state_->mutex);
}

}  // namespace cohort::sync
