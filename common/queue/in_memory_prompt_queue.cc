#include "common/queue/in_memory_prompt_queue.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/errors.h"

namespace cohort::queue {
namespace {

using prompt::v1::DeadLetter;
using prompt::v1::PromptTask;

// How often a waiting Take() looks whether the clock has let a lease run out.
constexpr absl::Duration kLeasePoll = absl::Milliseconds(10);

int64_t PositionOf(const Lease& lease) {
  int64_t position = 0;
  return absl::SimpleAtoi(lease.entry_id, &position) ? position : 0;
}

absl::Status LeaseLost(const Lease& lease) {
  return absl::NotFoundError(absl::StrCat("the lease of ", lease.task.group_id(), " (attempt ", lease.attempt, ") was lost"));
}

}  // namespace

absl::StatusOr<int64_t> InMemoryPromptQueue::BeginIncarnation(absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  incarnation_ = std::max(state_->incarnation_ + 1, options_.incarnation_floor);
  state_->incarnation_ = incarnation_;
  state_->entries_.clear();
  return incarnation_;
}

absl::Status InMemoryPromptQueue::Issue(const std::vector<PromptTask>& tasks, absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  if (incarnation_ == 0) return absl::FailedPreconditionError("tasks are issued before BeginIncarnation");
  if (incarnation_ != state_->incarnation_) {
    return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "OTHER_INCARNATION",
                           absl::StrCat("incarnation ", state_->incarnation_, " has taken over from ", incarnation_));
  }
  const int64_t waiting = Waiting();
  if (waiting + static_cast<int64_t>(tasks.size()) > options_.max_backlog) {
    return ErrorWithReason(absl::StatusCode::kResourceExhausted, "BACKLOG_FULL",
                           absl::StrCat(waiting, " tasks wait, ", tasks.size(), " more would pass the limit of ", options_.max_backlog));
  }
  for (const PromptTask& task : tasks) {
    InMemoryQueueState::Entry& entry = state_->entries_[state_->next_id_++];
    entry.task = task;
    entry.issued = state_->clock_();
  }
  state_->changed_.SignalAll();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Lease>> InMemoryPromptQueue::Take(int max_tasks, absl::Time deadline) {
  absl::MutexLock lock(&state_->mutex_);
  for (;;) {
    std::vector<Lease> leases = TakeNow(max_tasks);
    if (!leases.empty() || absl::Now() >= deadline) return leases;
    state_->changed_.WaitWithDeadline(&state_->mutex_, std::min(deadline, absl::Now() + kLeasePoll));
  }
}

std::vector<Lease> InMemoryPromptQueue::TakeNow(int max_tasks) {
  std::vector<Lease> leases;
  const absl::Time now = state_->clock_();
  const auto room = [&] { return static_cast<int>(leases.size()) < max_tasks; };
  for (auto it = state_->entries_.begin(); it != state_->entries_.end() && room();) {
    InMemoryQueueState::Entry& entry = it->second;
    const bool orphan = first_take_ && entry.holder == options_.consumer;
    const bool silent = orphan || (!entry.holder.empty() && now - entry.renewed >= options_.lease);
    if (silent && entry.deliveries >= options_.max_attempts) {
      it = MoveToDead(it, absl::StrCat("delivered ", entry.deliveries, " times without an acknowledgement"));
      continue;
    }
    if (silent || entry.released) leases.push_back(Deliver(it->first, entry));
    ++it;
  }
  for (auto it = state_->entries_.begin(); it != state_->entries_.end() && room(); ++it) {
    if (it->second.holder.empty()) leases.push_back(Deliver(it->first, it->second));
  }
  first_take_ = false;
  return leases;
}

Lease InMemoryPromptQueue::Deliver(int64_t id, InMemoryQueueState::Entry& entry) {
  entry.holder = options_.consumer;
  entry.renewed = state_->clock_();
  entry.released = false;
  ++entry.deliveries;
  return {.entry_id = absl::StrCat(id), .attempt = entry.deliveries, .task = entry.task};
}

InMemoryPromptQueue::Entries::iterator InMemoryPromptQueue::Held(const Lease& lease) {
  const auto it = state_->entries_.find(PositionOf(lease));
  if (it == state_->entries_.end()) return it;
  return it->second.holder == options_.consumer && it->second.deliveries == lease.attempt ? it : state_->entries_.end();
}

InMemoryPromptQueue::Entries::iterator InMemoryPromptQueue::MoveToDead(Entries::iterator entry, const std::string& reason) {
  DeadLetter letter;
  *letter.mutable_task() = std::move(entry->second.task);
  letter.set_reason(reason);
  letter.set_attempts(entry->second.deliveries);
  letter.set_last_worker(entry->second.holder);
  letter.set_died_at_ms(absl::ToUnixMillis(absl::Now()));
  state_->dead_.push_back(std::move(letter));
  return state_->entries_.erase(entry);
}

int64_t InMemoryPromptQueue::Waiting() const {
  return std::count_if(state_->entries_.begin(), state_->entries_.end(), [](const auto& entry) { return entry.second.holder.empty(); });
}

absl::Status InMemoryPromptQueue::Renew(const Lease& lease, absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  const auto it = Held(lease);
  if (it == state_->entries_.end()) return LeaseLost(lease);
  it->second.renewed = state_->clock_();
  return absl::OkStatus();
}

absl::Status InMemoryPromptQueue::Acknowledge(const Lease& lease, absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  state_->entries_.erase(PositionOf(lease));
  return absl::OkStatus();
}

absl::Status InMemoryPromptQueue::Release(const Lease& lease, absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  const auto it = Held(lease);
  if (it == state_->entries_.end()) return absl::OkStatus();
  it->second.holder.clear();
  it->second.released = true;
  --it->second.deliveries;
  state_->changed_.SignalAll();
  return absl::OkStatus();
}

absl::Status InMemoryPromptQueue::ReleaseUnheard(absl::Time) { return absl::OkStatus(); }  // No answer is ever lost.

absl::Status InMemoryPromptQueue::Bury(const Lease& lease, absl::string_view reason, absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  const auto it = Held(lease);
  if (it == state_->entries_.end()) return LeaseLost(lease);
  MoveToDead(it, std::string(reason));
  return absl::OkStatus();
}

absl::StatusOr<QueueStats> InMemoryPromptQueue::Stats(absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  QueueStats stats;
  stats.backlog = Waiting();
  stats.leased = static_cast<int64_t>(state_->entries_.size()) - stats.backlog;
  if (!state_->entries_.empty()) stats.oldest_age = state_->clock_() - state_->entries_.begin()->second.issued;
  stats.dead_letters = static_cast<int64_t>(state_->dead_.size());
  stats.incarnation = state_->incarnation_;
  return stats;
}

absl::StatusOr<std::vector<DeadLetter>> InMemoryPromptQueue::DeadLetters(int limit, absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  const auto end = state_->dead_.begin() + std::min<int64_t>(limit, static_cast<int64_t>(state_->dead_.size()));
  return std::vector<DeadLetter>(state_->dead_.begin(), end);
}

absl::StatusOr<std::vector<std::string>> InMemoryPromptQueue::PendingGroups(absl::Time) {
  absl::MutexLock lock(&state_->mutex_);
  std::vector<std::string> groups;
  for (const auto& [position, entry] : state_->entries_) groups.push_back(entry.task.group_id());
  return groups;
}

}  // namespace cohort::queue
