#include "services/coderunner/judge/judgement_pool.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/errors.h"

namespace cohort::coderunner {
namespace {

constexpr absl::Duration kRetryDelay = absl::Milliseconds(500);  // About one program with its tests.
constexpr absl::Duration kLookInterval = absl::Milliseconds(50);  // For callers that went away.

}  // namespace

JudgementPool::JudgementPool(Judge& judge, JudgeMetrics& metrics, Options options)
    : judge_(judge), metrics_(metrics), options_(options), remembered_(options.cache_entries) {
  metrics_.slots->Set(options_.slots);
  for (int slot = 0; slot < options_.slots; ++slot) threads_.emplace_back(absl::StrCat("slot-", slot), [this, slot] { RunSlot(slot); });
}

JudgementPool::~JudgementPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const auto& entry : queue_) entry->done = true;  // INTERNAL.
    queue_.clear();
    QueueChanged();
  }
  stop_.RequestStop();
  threads_.clear();
}

hash::Key128 JudgementPool::KeyOf(const JudgeTask& task) const {
  hash::KeyedHasher hasher(secret_);
  hasher.UpdatePiece(NameOf(task.language));
  hasher.UpdatePiece(task.source);
  hasher.UpdatePiece(task.gold);
  return hasher.Finish();
}

void JudgementPool::QueueChanged() {
  metrics_.queue_depth->Set(static_cast<double>(queue_.size()));
  changed_.SignalAll();
}

absl::StatusOr<JudgementPool::Entries> JudgementPool::Enter(const std::vector<JudgeTask>& tasks, const std::vector<hash::Key128>& keys, std::vector<Judgement>* known) {
  std::vector<bool> is_known;
  std::set<std::pair<uint64_t, uint64_t>> added;
  for (size_t i = 0; i < tasks.size(); ++i) {
    std::optional<Judgement> judgement = remembered_.Find(keys[i]);
    is_known.push_back(judgement.has_value());
    if (judgement.has_value()) (*known)[i] = *std::move(judgement);
    if (!is_known[i] && !entries_.contains(keys[i])) added.emplace(keys[i].low, keys[i].high);
  }
  if (!added.empty() && !queue_.empty() && queue_.size() + added.size() > options_.queue_capacity) {
    return WithRetryDelay(
        absl::ResourceExhaustedError(absl::StrCat("the queue of programs is full (", queue_.size(), " of ", options_.queue_capacity, ")")), kRetryDelay);
  }
  Entries entries(tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (is_known[i]) {
      metrics_.cache_hits->Add();
      continue;
    }
    std::shared_ptr<Entry>& entry = entries_[keys[i]];
    if (entry == nullptr) {
      entry = std::make_shared<Entry>();
      entry->task = tasks[i];
      entry->key = keys[i];
      entry->queued_at = absl::Now();
      queue_.push_back(entry);
    } else {
      metrics_.joined->Add();
    }
    ++entry->waiters;
    entries[i] = entry;
  }
  QueueChanged();
  return entries;
}

void JudgementPool::Leave(const Entries& entries) {
  for (const auto& entry : entries) {
    if (entry == nullptr) continue;
    --entry->waiters;
    if (entry->waiters > 0 || entry->running || entry->done) continue;
    std::erase(queue_, entry);
    entries_.erase(entry->key);
  }
  QueueChanged();
}

absl::StatusOr<std::vector<Judgement>> JudgementPool::Decide(const std::vector<JudgeTask>& tasks, WhenFull when_full, const std::function<bool()>& cancelled) {
  std::vector<Judgement> judgements(tasks.size());
  std::vector<hash::Key128> keys;  // Of megabytes of text, so before the lock.
  keys.reserve(tasks.size());
  for (const JudgeTask& task : tasks) keys.push_back(KeyOf(task));
  absl::MutexLock lock(&mutex_);
  absl::StatusOr<Entries> entered = absl::UnavailableError("the service is stopping");
  for (bool tried = false; !stopping_; tried = true) {
    entered = Enter(tasks, keys, &judgements);
    if (entered.ok()) break;
    if (when_full == WhenFull::kRefuse) {
      metrics_.refused->Add();
      break;
    }
    if (tried && cancelled()) return absl::CancelledError("the caller went away");
    changed_.WaitWithTimeout(&mutex_, kLookInterval);
  }
  if (!entered.ok()) return entered.status();
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::shared_ptr<Entry>& entry = (*entered)[i];
    while (entry != nullptr && !entry->done) {
      changed_.WaitWithTimeout(&mutex_, kLookInterval);
      if (entry->done || !cancelled()) continue;
      Leave(*entered);
      return absl::CancelledError("the caller went away");
    }
    if (entry != nullptr) judgements[i] = entry->judgement;
  }
  return judgements;
}

std::shared_ptr<JudgementPool::Entry> JudgementPool::Take() {
  absl::MutexLock lock(&mutex_);
  while (queue_.empty() && !stopping_) changed_.Wait(&mutex_);
  if (stopping_) return nullptr;
  std::shared_ptr<Entry> entry = std::move(queue_.front());
  queue_.pop_front();
  entry->running = true;
  QueueChanged();
  return entry;
}

void JudgementPool::Finish(const std::shared_ptr<Entry>& entry, Judgement judgement) {
  if (judgement.verdict != reward::v1::VERDICT_INTERNAL) remembered_.Insert(entry->key, judgement);
  absl::MutexLock lock(&mutex_);
  entry->judgement = std::move(judgement);
  entry->done = true;
  entries_.erase(entry->key);
  changed_.SignalAll();
}

void JudgementPool::RunSlot(int slot) {
  while (const std::shared_ptr<Entry> entry = Take()) {
    const absl::Duration waited = absl::Now() - entry->queued_at;
    const JudgeTask& task = entry->task;
    const rpc::TraceScope scope(task.trace);
    Judgement judgement = judge_.Decide(slot, *task.problem, task.language, task.source, stop_.token());
    metrics_.CountJudgement(judgement, waited);
    Finish(entry, std::move(judgement));
  }
}

}  // namespace cohort::coderunner
