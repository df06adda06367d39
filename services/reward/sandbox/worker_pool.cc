#include "services/reward/sandbox/worker_pool.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/reward/sandbox/worker_seat.h"

namespace cohort::reward {
namespace {

constexpr absl::Duration kStartPatience = absl::Seconds(10);

CheckOutcome WithVerdict(v1::Verdict verdict) {
  CheckOutcome outcome;
  outcome.verdict = verdict;
  return outcome;
}

}  // namespace

WorkerPool::WorkerPool(sandbox::Zygote& zygote, PoolMetrics& metrics, Options options)
    : zygote_(zygote),
      metrics_(metrics),
      options_(options),
      queue_(options.queue_capacity),
      results_(options.cache_entries),
      poison_(options.poison_entries) {}

absl::StatusOr<std::unique_ptr<WorkerPool>> WorkerPool::Start(sandbox::Zygote& zygote, PoolMetrics& metrics, Options options) {
  auto pool = std::unique_ptr<WorkerPool>(new WorkerPool(zygote, metrics, options));
  for (int i = 0; i < options.workers; ++i) {
    COHORT_ASSIGN_OR_RETURN(auto worker, WorkerProcess::Start(zygote, kWorkerTask, absl::Now() + kStartPatience));
    pool->seats_.push_back(std::make_unique<Seat>(*pool, std::move(worker), i));
  }
  metrics.workers->Set(options.workers);
  return pool;
}

WorkerPool::~WorkerPool() {
  stop_.RequestStop();
  Abandon(queue_.Close());
  seats_.clear();
}

absl::Status WorkerPool::Submit(std::shared_ptr<Job> job) {
  std::vector<QueuedCheck> checks = AnswerFromCaches(job);
  if (checks.empty()) return absl::OkStatus();
  const absl::Status added = queue_.Add(std::move(checks));
  if (!added.ok()) metrics_.refused->Add();
  return added;
}

void WorkerPool::SubmitWhenRoom(std::shared_ptr<Job> job) {
  std::vector<QueuedCheck> checks = AnswerFromCaches(job);
  if (!checks.empty()) Abandon(queue_.AddWhenRoom(std::move(checks)));
}

std::vector<QueuedCheck> WorkerPool::AnswerFromCaches(const std::shared_ptr<Job>& job) {
  std::vector<QueuedCheck> checks;
  const absl::Time now = absl::Now();
  metrics_.ObserveBatch(job->size());
  for (size_t i = 0; i < job->size(); ++i) {
    const CheckKey key = KeyOf(job->check(i), secret_);
    if (std::optional<CheckOutcome> known = Remembered(key); known.has_value()) {
      if (job->check(i).kind == CheckKind::kScore) metrics_.CountOutcome(*known);
      job->Complete(i, *std::move(known));
    } else {
      checks.push_back({job, i, key, now});
    }
  }
  metrics_.cache_misses->Add(static_cast<double>(checks.size()));
  return checks;
}

std::optional<CheckOutcome> WorkerPool::Remembered(const CheckKey& key) {
  if (std::optional<CheckOutcome> known = results_.Find(key); known.has_value()) {
    metrics_.cache_hits->Add();
    known->micros = 0;  // It took no worker's time.
    return known;
  }
  const std::optional<Poison> poison = poison_.Find(key);
  if (!poison.has_value() || poison->until < absl::Now()) return std::nullopt;
  metrics_.poison_hits->Add();
  return WithVerdict(poison->verdict);
}

void WorkerPool::Finish(const QueuedCheck& check, CheckOutcome outcome) {
  if (check.input().kind == CheckKind::kScore) metrics_.CountOutcome(outcome);
  check.job->Complete(check.index, std::move(outcome));
}

void WorkerPool::Condemn(const QueuedCheck& check, v1::Verdict verdict) {
  Poison poison{verdict, absl::InfiniteFuture()};
  if (verdict == v1::VERDICT_INTERNAL) poison.until = absl::Now() + options_.internal_poison_for;
  poison_.Insert(check.key, poison);
  COHORT_LOG(WARNING) << "a check of " << check.input().completion.size() << " bytes ended its worker: " << v1::Verdict_Name(verdict) << check.job->trace_tag();
  Finish(check, WithVerdict(verdict));
}

void WorkerPool::Abandon(const std::vector<QueuedCheck>& checks) {
  for (const QueuedCheck& check : checks) check.job->Complete(check.index, WithVerdict(v1::VERDICT_INTERNAL));
}

void WorkerPool::SetFailure(absl::Status status) {
  {
    absl::MutexLock lock(&failure_mutex_);
    if (!failure_.has_value()) failure_ = std::move(status);
  }
  Abandon(queue_.Close());
}

std::optional<absl::Status> WorkerPool::failure() {
  absl::MutexLock lock(&failure_mutex_);
  return failure_;
}

}  // namespace cohort::reward
