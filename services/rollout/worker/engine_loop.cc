#include "services/rollout/worker/engine_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::rollout {
namespace {

constexpr int kMostJobs = 64;
// How long the loop sleeps at most before it looks again for what nobody wakes it for: new weights while it has no task, lost leases, cancelled
// calls.
constexpr absl::Duration kNap = absl::Milliseconds(20);

HeldPolicy PolicyOf(const policy::PolicySnapshot* snapshot) {
  if (snapshot == nullptr) return {};
  return {snapshot->incarnation, snapshot->version};
}

}  // namespace

EngineLoop::EngineLoop(std::unique_ptr<Engine> engine, WeightSource& weights, GroupFinisher* finisher, WorkerMetrics& metrics, Options options)
    : engine_(std::move(engine)),
      weights_(weights),
      finisher_(finisher),
      metrics_(metrics),
      options_(std::move(options)),
      tasks_(*engine_, finisher),
      prompts_(*engine_),
      group_size_(options_.group_size) {
  thread_ = sync::Thread("engine", [this] { Loop(); });
}

EngineLoop::~EngineLoop() { Drain(absl::InfinitePast()); }

int EngineLoop::WaitForRoom(absl::Time deadline) {
  const auto room = [this] {
    mutex_.AssertHeld();
    return (leasing_ && room_ > 0) || draining_;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithDeadline(absl::Condition(&room), deadline);
  return draining_ || !leasing_ ? 0 : room_;
}

void EngineLoop::AddTask(std::shared_ptr<HeldLease> held) {
  metrics_.CountLease();
  absl::MutexLock lock(&mutex_);
  if (ended_) return finisher_->Release(std::move(held));
  group_size_ = std::max(1, held->lease.task.group_size());
  new_tasks_.push_back(std::move(held));
  --room_;
}

void EngineLoop::SetLeasing(bool leasing) {
  absl::MutexLock lock(&mutex_);
  leasing_ = leasing;
}

absl::Status EngineLoop::AddGenerate(std::shared_ptr<GenerateJob> job) {
  absl::MutexLock lock(&mutex_);
  if (draining_ || ended_) return absl::UnavailableError("the worker stops");
  if (jobs_ >= kMostJobs) {
    return WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(jobs_, " requests wait already")), absl::Milliseconds(100));
  }
  ++jobs_;
  new_jobs_.push_back(std::move(job));
  return absl::OkStatus();
}

absl::Status EngineLoop::WaitForVersion(int64_t version, absl::Time deadline) {
  const auto there = [&] {
    mutex_.AssertHeld();
    return ended_ || draining_ || state_.policy.version >= version;
  };
  absl::MutexLock lock(&mutex_);
  if (!mutex_.AwaitWithDeadline(absl::Condition(&there), deadline)) {
    return absl::DeadlineExceededError(absl::StrCat("policy version ", version, " has not come; the worker holds ", state_.policy.version));
  }
  return ended_ || draining_ ? absl::CancelledError("the worker stops") : absl::OkStatus();
}

void EngineLoop::Drain(absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    drain_deadline_ = std::min(drain_deadline_, deadline);
    draining_ = true;
  }
  weights_.Stop();
  thread_.Join();
}

EngineLoopState EngineLoop::state() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

absl::Status EngineLoop::failure() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

void EngineLoop::Loop() {
  const absl::Status status = Drive();
  if (!status.ok()) COHORT_LOG(ERROR) << "the engine has failed: " << status.message();
  EndEverything(status);
  if (!status.ok() && options_.on_failure != nullptr) options_.on_failure();
}

absl::Status EngineLoop::Drive() {
  for (;;) {
    TakeIncoming();
    {
      absl::MutexLock lock(&mutex_);
      if (draining_ && (!tasks_.any_running() || absl::Now() >= drain_deadline_)) return absl::OkStatus();
    }
    COHORT_RETURN_IF_ERROR(TakeWeights());
    tasks_.DropLost();
    prompts_.DropCancelled();
    AddWaiting();
    PublishState();
    if (engine_->load().groups == 0) {
      MakeRoom();
      WaitForWork();
      continue;
    }
    stuck_since_ = absl::InfiniteFuture();
    metrics_.budget().Switch("generating");
    if (const absl::Status stepped = engine_->Step(); !stepped.ok()) return Annotate(stepped, "a decode step failed");
    PassOn();
    metrics_.ReportEngine(engine_->load(), absl::Now());
  }
}

void EngineLoop::TakeIncoming() {
  absl::MutexLock lock(&mutex_);
  tasks_.Add(new_tasks_);
  prompts_.Add(new_jobs_);
  new_tasks_.clear();
  new_jobs_.clear();
  jobs_ = prompts_.waiting();
  if (!leasing_ || draining_) tasks_.ReleaseWaiting();
}

absl::Status EngineLoop::TakeWeights() {
  const auto latest = weights_.Latest();
  seen_ = latest;
  if (latest == nullptr || latest == snapshot_) return absl::OkStatus();
  const HeldPolicy next = PolicyOf(latest.get());
  if (!IsNewer(next, PolicyOf(snapshot_.get()))) return absl::OkStatus();
  if (snapshot_ != nullptr && next.incarnation != snapshot_->incarnation) tasks_.DropRunning();
  if (!MayExchange(tasks_.Running(), next)) return absl::OkStatus();
  metrics_.budget().Switch("taking_weights");
  const absl::Status status = UseWeights(*latest);
  if (absl::IsFailedPrecondition(status)) return absl::OkStatus();  // Overwritten in the sink by a newer version, which will be the latest.
  if (!status.ok()) return Annotate(status, absl::StrCat("policy version ", next.version, " cannot be used"));
  snapshot_ = latest;
  metrics_.SetPolicyVersion(next.version);
  return absl::OkStatus();
}

absl::Status EngineLoop::UseWeights(const policy::PolicySnapshot& snapshot) {
  // A restarted learner announces the version that its workers hold.
  if (snapshot_ != nullptr && snapshot_->version == snapshot.version && snapshot_->crc32c == snapshot.crc32c) return absl::OkStatus();
  if (snapshot.weights == nullptr) return engine_->TakeFromSink(snapshot.ticket, snapshot.version);
  return engine_->SetWeights(snapshot.weights, snapshot.version);
}

void EngineLoop::AddWaiting() {
  // Training groups and calls take turns, so that neither starves the other.
  full_ = false;
  bool task = true, prompt = snapshot_ != nullptr;
  while (task || prompt) {
    if (task) {
      const Placement placement = tasks_.Place(PolicyOf(snapshot_.get()), next_id_);
      full_ = placement == Placement::kFull;
      task = MayGoOn(placement);
    }
    if (prompt) prompt = MayGoOn(prompts_.Place(next_id_));
  }
}

bool EngineLoop::MayGoOn(Placement placement) {
  if (placement == Placement::kPlaced) ++next_id_;
  return placement == Placement::kPlaced || placement == Placement::kEnded;
}

void EngineLoop::PassOn() {
  for (SampledToken& token : engine_->TakeTokens()) prompts_.Pass(token);
  for (FinishedGroup& group : engine_->TakeFinished()) {
    if (!prompts_.Finish(group)) tasks_.Finish(group);
  }
}

void EngineLoop::WaitForWork() {
  if (tasks_.waiting() > 0 || snapshot_ == nullptr) {
    metrics_.budget().Switch("waiting_for_weights");
    return weights_.WaitForOther(seen_, absl::Now() + kNap);
  }
  metrics_.budget().Switch(finisher_ == nullptr ? "idle" : "waiting_for_prompt");
  const auto work = [this] {
    mutex_.AssertHeld();
    return !new_tasks_.empty() || !new_jobs_.empty() || draining_;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&work), kNap);
}

void EngineLoop::MakeRoom() {
  bool room = false;
  {
    absl::MutexLock lock(&mutex_);
    room = room_ > 0 || !new_tasks_.empty();
  }
  if (room || tasks_.waiting() == 0) {
    stuck_since_ = absl::InfiniteFuture();
    return;
  }
  stuck_since_ = std::min(stuck_since_, absl::Now());
  if (absl::Now() - stuck_since_ < options_.patience) return;
  tasks_.ReleaseLaterHalf();
  stuck_since_ = absl::InfiniteFuture();
}

void EngineLoop::PublishState() {
  const EngineLoad load = engine_->load();
  const int unfinished = finisher_ == nullptr ? 0 : finisher_->in_progress();
  const int waiting = tasks_.waiting();
  absl::MutexLock lock(&mutex_);
  state_ = {PolicyOf(snapshot_.get()), load};
  // Before the first task nobody knows how large groups are: one is leased to see.
  const int fitting = group_size_ > 0 ? load.free_sequences / group_size_ : (load.groups == 0 ? 1 : 0);
  // A group larger than the whole batch runs in turns.
  const int at_least = load.groups == 0 ? 1 : 0;
  const int wanted = std::max(fitting, at_least) - waiting - static_cast<int>(new_tasks_.size());
  room_ = full_ || snapshot_ == nullptr || unfinished >= options_.most_unfinished ? 0 : std::max(0, wanted);
}

void EngineLoop::EndEverything(const absl::Status& failure) {
  tasks_.ReleaseWaiting();
  if (failure.ok()) {
    tasks_.ReleaseRunning();
  } else {
    tasks_.LeaveRunning();
  }
  prompts_.Close();
  absl::MutexLock lock(&mutex_);
  for (auto& held : new_tasks_) finisher_->Release(std::move(held));
  for (const auto& job : new_jobs_) job->events.Close();
  new_tasks_.clear();
  new_jobs_.clear();
  room_ = 0;
  ended_ = true;
  failure_ = failure;
}

}  // namespace cohort::rollout
