#include "services/reward/sandbox/worker_seat.h"

#include <sys/wait.h>

#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/sync/backoff.h"

namespace cohort::reward {
namespace {

constexpr absl::Duration kStartPatience = absl::Seconds(10);
constexpr absl::Duration kEndPatience = absl::Seconds(1);
constexpr absl::Duration kGiveUpAfter = absl::Seconds(30);  // Without a worker for so long the service is of no use.
constexpr int64_t kChecksBetweenLooks = 1'000;

}  // namespace

WorkerPool::Seat::Seat(WorkerPool& pool, std::unique_ptr<WorkerProcess> worker, int number)
    : pool_(pool), worker_(std::move(worker)), resident_at_start_(worker_->ResidentBytes()), thread_(absl::StrCat("check-", number), [this] { Run(); }) {}

void WorkerPool::Seat::Run() {
  while (EnsureWorker()) {
    std::vector<QueuedCheck> batch = pool_.queue_.Take(pool_.options_.workers);
    if (batch.empty()) return;
    pool_.metrics_.queue_depth->Set(static_cast<double>(pool_.queue_.depth()));
    RunBatch(std::move(batch));
    RecycleIfDue();
  }
}

void WorkerPool::Seat::RunBatch(std::vector<QueuedCheck> batch) {
  std::vector<QueuedCheck> wanted;
  const absl::Time now = absl::Now();
  for (QueuedCheck& check : batch) {
    if (check.job->cancelled()) {
      pool_.metrics_.cancelled->Add();
      CheckOutcome outcome;
      outcome.verdict = v1::VERDICT_INTERNAL;
      check.job->Complete(check.index, outcome);
      continue;
    }
    pool_.metrics_.ObserveWait(now - check.queued_at);
    wanted.push_back(std::move(check));
  }
  if (wanted.empty()) return;
  const BatchResult result = BatchRunner(*worker_, pool_.options_.check_deadline).Run(wanted);
  checks_ += static_cast<int64_t>(result.outcomes.size());
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    pool_.results_.Insert(wanted[i].key, result.outcomes[i]);
    pool_.metrics_.ObserveCheck(result.outcomes[i]);
    pool_.Finish(wanted[i], result.outcomes[i]);
  }
  if (result.worker == BatchResult::Worker::kAlive) return;
  wanted.erase(wanted.begin(), wanted.begin() + static_cast<ptrdiff_t>(result.outcomes.size()));
  Recover(std::move(wanted), result);
  worker_.reset();
}

void WorkerPool::Seat::Recover(std::vector<QueuedCheck> batch, const BatchResult& result) {
  if (batch.empty()) return;
  QueuedCheck& in_progress = batch.front();
  if (result.worker == BatchResult::Worker::kKilled) {
    pool_.metrics_.hard_kills->Add();
    pool_.Condemn(in_progress, v1::VERDICT_TIMEOUT);
    batch.erase(batch.begin());
  } else {
    pool_.metrics_.worker_deaths->Add();
    if (MayTryAgain(in_progress)) {
      pool_.metrics_.retries->Add();
    } else {
      pool_.Condemn(in_progress, v1::VERDICT_INTERNAL);
      batch.erase(batch.begin());
    }
  }
  Abandon(pool_.queue_.PutBack(std::move(batch)));
}

bool WorkerPool::Seat::MayTryAgain(QueuedCheck& check) {
  worker_->Kill();  // It may be alive and deaf.
  const absl::StatusOr<int> status = worker_->WaitStatus(absl::Now() + kEndPatience);
  const bool from_outside = status.ok() && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL;
  return from_outside ? ++check.kills < kMaxKillsFromOutside : ++check.deaths < kMaxDeaths;
}

bool WorkerPool::Seat::EnsureWorker() {
  const absl::Time give_up = absl::Now() + kGiveUpAfter;
  sync::Backoff backoff;
  while (worker_ == nullptr) {
    if (pool_.stop_.stop_requested()) return false;
    auto started = WorkerProcess::Start(pool_.zygote_, kWorkerTask, absl::Now() + kStartPatience);
    if (started.ok()) {
      worker_ = *std::move(started);
      resident_at_start_ = worker_->ResidentBytes();
      checks_ = next_look_ = 0;
      pool_.metrics_.respawns->Add();
      return true;
    }
    COHORT_LOG(ERROR) << "cannot start a sandboxed worker: " << started.status();
    if (absl::IsUnavailable(started.status()) || !backoff.Wait(pool_.stop_.token(), give_up)) {
      if (!pool_.stop_.stop_requested()) pool_.SetFailure(started.status());
      return false;
    }
  }
  return true;
}

void WorkerPool::Seat::RecycleIfDue() {
  if (worker_ == nullptr || checks_ < next_look_) return;
  next_look_ = checks_ + kChecksBetweenLooks;
  const bool due = checks_ >= pool_.options_.recycle_checks || worker_->CpuTime() >= kRecycleCpu ||
                   worker_->ResidentBytes() - resident_at_start_ >= kRecycleGrowthBytes;
  if (due) worker_.reset();
}

}  // namespace cohort::reward
