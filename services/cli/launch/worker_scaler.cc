#include "services/cli/launch/worker_scaler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(200);
constexpr absl::Duration kPatience = absl::Seconds(1);
// Many times the grace period of a worker.
constexpr absl::Duration kLeaving = absl::Seconds(60);

registry::Registration::Options Presence(const std::string& redis, const std::string& run) {
  registry::Registration::Options options;
  options.redis = redis;
  options.run = run;
  options.record.set_name("cohort-launcher");
  options.record.set_role(registry::v1::SERVICE_ROLE_LAUNCHER);
  options.record.set_state(registry::v1::SERVICE_STATE_READY);
  return options;
}

}  // namespace

WorkerScaler::WorkerScaler(const std::string& redis, const std::string& run, Fleet& fleet, std::vector<SupervisedService*> workers, MakeSpec make_spec)
    : fleet_(fleet), make_spec_(std::move(make_spec)), desired_(redis, run), registration_(Presence(redis, run)) {
  for (SupervisedService* worker : workers) workers_.push_back({static_cast<int>(workers_.size()), worker});
  thread_ = sync::Thread("scaler", [this, count = static_cast<int>(workers_.size())] {
    // What an earlier launcher was asked for holds no more.
    while (!stop_.stop_requested() && !desired_.Set(count, absl::Now() + kPatience).ok()) stop_.token().WaitFor(kLook);
    Watch();
  });
}

WorkerScaler::~WorkerScaler() {
  stop_.RequestStop();
  thread_.Join();
}

void WorkerScaler::Watch() {
  while (!stop_.token().WaitFor(kLook)) {
    const absl::StatusOr<registry::DesiredCount> desired = desired_.Get(absl::Now() + kPatience);
    // Without a number, Redis has lost its data: what was asked for last stays.
    if (!desired.ok() || desired->revision == 0) continue;
    absl::MutexLock lock(&mutex_);
    latest_ = *desired;
  }
}

int WorkerScaler::staying() const {
  return static_cast<int>(std::count_if(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.leaves_by == absl::InfiniteFuture(); }));
}

std::vector<SupervisedService*> WorkerScaler::workers() const {
  std::vector<SupervisedService*> services;
  for (const Worker& worker : workers_) services.push_back(worker.service);
  return services;
}

void WorkerScaler::Forget() {
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    const bool told = worker->leaves_by != absl::InfiniteFuture();
    const bool gone = worker->service->left() || (told && (!worker->service->running() || absl::Now() >= worker->leaves_by));
    if (!gone) {
      ++worker;
      continue;
    }
    fleet_.Stop({worker->service}, absl::ZeroDuration());
    worker = workers_.erase(worker);
  }
}

absl::Status WorkerScaler::Add() {
  int index = 0;
  while (std::any_of(workers_.begin(), workers_.end(), [index](const Worker& worker) { return worker.index == index; })) ++index;
  COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, make_spec_(index));
  COHORT_ASSIGN_OR_RETURN(SupervisedService* const service, fleet_.Launch(std::move(spec)));
  workers_.push_back({index, service});
  return absl::OkStatus();
}

void WorkerScaler::Remove() {
  Worker* last = nullptr;
  for (Worker& worker : workers_) {
    if (worker.leaves_by == absl::InfiniteFuture() && (last == nullptr || worker.index > last->index)) last = &worker;
  }
  last->service->RequestStop();
  last->leaves_by = absl::Now() + kLeaving;
}

absl::StatusOr<std::string> WorkerScaler::Tick() {
  Forget();
  registry::DesiredCount latest;
  {
    absl::MutexLock lock(&mutex_);
    latest = latest_;
  }
  if (latest.revision == applied_revision_) return std::string();
  applied_revision_ = latest.revision;
  const int before = staying();
  const int target = std::max(0, latest.count);
  while (staying() > target) Remove();
  while (staying() < target) COHORT_RETURN_IF_ERROR(Add());
  return before == target ? std::string() : absl::StrCat("scaling the rollout workers from ", before, " to ", target);
}

}  // namespace cohort::cli
