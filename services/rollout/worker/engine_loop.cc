#include "services/rollout/worker/engine_loop.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/errors.h"

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

GroupRequest RequestFor(const prompt::v1::PromptTask& task, int64_t id) {
  GroupRequest request;
  request.id = id;
  request.prompt.assign(task.prompt_token_ids().begin(), task.prompt_token_ids().end());
  request.samples = task.group_size();
  request.sampling = task.sampling();
  request.step = task.step();
  request.slot = task.slot();
  return request;
}

}  // namespace

EngineLoop::EngineLoop(std::unique_ptr<Engine> engine, WeightSource& weights, GroupFinisher* finisher, WorkerMetrics& metrics, Options options)
    : engine_(std::move(engine)),
      weights_(weights),
      finisher_(finisher),
      metrics_(metrics),
      options_(std::move(options)),
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

void EngineLoop::Loop() {
  for (;;) {
    TakeIncoming();
    {
      absl::MutexLock lock(&mutex_);
      if (draining_ && (tasks_.empty() || absl::Now() >= drain_deadline_)) break;
    }
    TakeWeights();
    DropLostAndCancelled();
    AddWaiting();
    PublishState();
    if (engine_->load().groups == 0) {
      MakeRoom();
      WaitForWork();
      continue;
    }
    stuck_since_ = absl::InfiniteFuture();
    metrics_.budget().Switch("generating");
    const absl::Status status = engine_->Step();
    if (!status.ok()) COHORT_LOG(ERROR) << "decode step: " << status.message();
    PassOn();
    metrics_.ReportEngine(engine_->load(), absl::Now());
  }
  EndEverything();
}

void EngineLoop::TakeIncoming() {
  absl::MutexLock lock(&mutex_);
  waiting_tasks_.insert(waiting_tasks_.end(), new_tasks_.begin(), new_tasks_.end());
  waiting_jobs_.insert(waiting_jobs_.end(), new_jobs_.begin(), new_jobs_.end());
  new_tasks_.clear();
  new_jobs_.clear();
  jobs_ = static_cast<int>(waiting_jobs_.size());
  if (leasing_ && !draining_) return;
  for (auto& held : waiting_tasks_) finisher_->Release(std::move(held));
  waiting_tasks_.clear();
}

void EngineLoop::TakeWeights() {
  const auto latest = weights_.Latest();
  seen_ = latest;
  if (latest == nullptr || latest == snapshot_) return;
  const HeldPolicy next = PolicyOf(latest.get());
  if (!IsNewer(next, PolicyOf(snapshot_.get()))) return;
  if (snapshot_ != nullptr && next.incarnation != snapshot_->incarnation) {
    // The learner that wanted these groups is gone, and so are their tasks.
    for (auto& [id, task] : tasks_) {
      engine_->Abort(id);
      finisher_->Forget(task.held, Outcome::kDropped);
    }
    tasks_.clear();
  }
  std::vector<const prompt::v1::PromptTask*> running;
  for (const auto& [id, task] : tasks_) running.push_back(&task.held->lease.task);
  if (!MayExchange(running, next)) return;
  metrics_.budget().Switch("taking_weights");
  const absl::Status status = UseWeights(*latest);
  if (absl::IsFailedPrecondition(status)) return;  // Overwritten in the sink by a newer version, which will be the latest.
  if (!status.ok()) {
    COHORT_LOG(ERROR) << "policy version " << next.version << " cannot be used: " << status.message();
    return;
  }
  snapshot_ = latest;
  metrics_.SetPolicyVersion(next.version);
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
  bool task = true, prompt = true;
  while (task || prompt) {
    task = task && AddNextTask();
    prompt = prompt && AddNextPrompt();
  }
}

bool EngineLoop::AddNextTask() {
  for (size_t i = 0; i < waiting_tasks_.size(); ++i) {
    const auto held = waiting_tasks_[i];
    const Admission admission = Admit(held->lease.task, PolicyOf(snapshot_.get()));
    if (admission == Admission::kWait) continue;
    if (admission == Admission::kSample) {
      const absl::Status status = engine_->Add(RequestFor(held->lease.task, next_id_));
      full_ = absl::IsResourceExhausted(status);
      if (full_) return false;
      if (status.ok()) {
        tasks_[next_id_++] = {held};
      } else {
        finisher_->Bury(held, std::string(status.message()));
      }
    } else if (admission == Admission::kObsolete) {
      finisher_->Acknowledge(held);
    } else {
      finisher_->Forget(held, Outcome::kDropped);
    }
    waiting_tasks_.erase(waiting_tasks_.begin() + static_cast<int64_t>(i));
    return true;
  }
  return false;
}

bool EngineLoop::AddNextPrompt() {
  if (waiting_jobs_.empty() || snapshot_ == nullptr) return false;
  const std::shared_ptr<GenerateJob> job = waiting_jobs_.front();
  if (job->cancelled || job->added == job->requests.size()) {
    waiting_jobs_.pop_front();
    return !waiting_jobs_.empty();
  }
  GroupRequest request = job->requests[job->added];
  request.id = next_id_;
  const absl::Status status = engine_->Add(std::move(request));
  if (absl::IsResourceExhausted(status)) return false;
  const RunningPrompt running{job, static_cast<int>(job->added++)};
  if (status.ok()) {
    prompts_[next_id_++] = running;
  } else {
    PassOnPrompt(running, {running.prompt, FinishedGroup{0, status, {}}});
  }
  return true;
}

void EngineLoop::DropLostAndCancelled() {
  for (auto it = tasks_.begin(); it != tasks_.end();) {
    if (it->second.held->lost) {
      engine_->Abort(it->first);
      finisher_->Forget(it->second.held, Outcome::kLost);
      it = tasks_.erase(it);
    } else {
      ++it;
    }
  }
  for (auto it = waiting_tasks_.begin(); it != waiting_tasks_.end();) {
    if ((*it)->lost) {
      finisher_->Forget(*it, Outcome::kLost);
      it = waiting_tasks_.erase(it);
    } else {
      ++it;
    }
  }
  for (auto it = prompts_.begin(); it != prompts_.end();) {
    if (it->second.job->cancelled) {
      engine_->Abort(it->first);
      it = prompts_.erase(it);
    } else {
      ++it;
    }
  }
}

void EngineLoop::PassOn() {
  for (SampledToken& token : engine_->TakeTokens()) {
    const auto it = prompts_.find(token.group);
    if (it != prompts_.end()) PassOnPrompt(it->second, {it->second.prompt, token});
  }
  for (FinishedGroup& group : engine_->TakeFinished()) {
    const int64_t id = group.id;
    const auto it = prompts_.find(id);
    if (it == prompts_.end()) {
      PassOnTask(id, std::move(group));
    } else {
      PassOnPrompt(it->second, {it->second.prompt, std::move(group)});
      prompts_.erase(it);
    }
  }
}

void EngineLoop::PassOnTask(int64_t id, FinishedGroup group) {
  const auto it = tasks_.find(id);
  if (it == tasks_.end()) return;
  if (group.status.ok()) {
    finisher_->Submit(it->second.held, std::move(group));
  } else {
    finisher_->Bury(it->second.held, std::string(group.status.message()));
  }
  tasks_.erase(it);
}

void EngineLoop::PassOnPrompt(const RunningPrompt& running, GenerateEvent event) {
  if (running.job->events.TryPush(std::move(event))) return;
  COHORT_LOG(WARNING) << "a Generate call does not read; it is ended";
  running.job->cancelled = true;
  running.job->events.Close();
}

void EngineLoop::WaitForWork() {
  if (!waiting_tasks_.empty() || snapshot_ == nullptr) {
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
  if (room || waiting_tasks_.empty()) {
    stuck_since_ = absl::InfiniteFuture();
    return;
  }
  stuck_since_ = std::min(stuck_since_, absl::Now());
  if (absl::Now() - stuck_since_ < options_.patience) return;
  const auto sooner = [](const std::shared_ptr<HeldLease>& a, const std::shared_ptr<HeldLease>& b) {
    return std::pair(a->lease.task.step(), a->lease.task.slot()) < std::pair(b->lease.task.step(), b->lease.task.slot());
  };
  std::sort(waiting_tasks_.begin(), waiting_tasks_.end(), sooner);
  for (size_t kept = waiting_tasks_.size() / 2; waiting_tasks_.size() > kept;) {
    finisher_->Release(std::move(waiting_tasks_.back()));
    waiting_tasks_.pop_back();
  }
  stuck_since_ = absl::InfiniteFuture();
}

void EngineLoop::PublishState() {
  const EngineLoad load = engine_->load();
  const int unfinished = finisher_ == nullptr ? 0 : finisher_->in_progress();
  const int waiting = static_cast<int>(waiting_tasks_.size());
  absl::MutexLock lock(&mutex_);
  state_ = {PolicyOf(snapshot_.get()), load};
  // Before the first task nobody knows how large groups are: one is leased to see.
  const int fitting = group_size_ > 0 ? load.free_sequences / group_size_ : (load.groups == 0 ? 1 : 0);
  // A group larger than the whole batch runs in turns.
  const int at_least = load.groups == 0 ? 1 : 0;
  const int wanted = std::max(fitting, at_least) - waiting - static_cast<int>(new_tasks_.size());
  room_ = full_ || snapshot_ == nullptr || unfinished >= options_.most_unfinished ? 0 : std::max(0, wanted);
}

void EngineLoop::EndEverything() {
  for (auto& [id, task] : tasks_) {
    engine_->Abort(id);
    finisher_->Release(task.held);
  }
  tasks_.clear();
  for (auto& [id, prompt] : prompts_) prompt.job->events.Close();
  for (const auto& job : waiting_jobs_) job->events.Close();
  prompts_.clear();
  waiting_jobs_.clear();
  absl::MutexLock lock(&mutex_);
  for (auto& held : new_tasks_) finisher_->Release(std::move(held));
  for (const auto& job : new_jobs_) job->events.Close();
  new_tasks_.clear();
  new_jobs_.clear();
  ended_ = true;
}

}  // namespace cohort::rollout
