#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/registry/desired_workers.h"
#include "common/registry/registration.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/cli/supervise/fleet.h"

namespace cohort::cli {

// Keeps the number of a launcher's rollout workers at what was asked for in Redis, and stands in the registry as the one who does. A worker too many gets
// SIGTERM, so it finishes or gives back what it holds and leaves; a worker that somebody drained away is not replaced until a number is asked for again.
// A thread of its own looks into Redis; everything else is done by the launcher's thread, which makes all calls.
class WorkerScaler {
 public:
  // How worker `index` is started.
  using MakeSpec = std::function<absl::StatusOr<ServiceSpec>(int index)>;
  // `workers` are those that run, numbered from 0; the fleet looks after them and outlives the scaler. Asks for just so many, whatever was asked before.
  WorkerScaler(const std::string& redis, const std::string& run, Fleet& fleet, std::vector<SupervisedService*> workers, MakeSpec make_spec);
  ~WorkerScaler();

  // Starts and stops workers as needed; returns at once. Tells what it did as news for people, "" when nothing.
  absl::StatusOr<std::string> Tick();

  // Workers in the fleet now, those that are leaving included.
  std::vector<SupervisedService*> workers() const;

 private:
  struct Worker {
    int index = 0;
    SupervisedService* service = nullptr;
    absl::Time leaves_by = absl::InfiniteFuture();  // It was told to leave; killed then.
  };
  void Watch();
  void Forget();
  absl::Status Add();
  void Remove();
  int staying() const;

  Fleet& fleet_;
  const MakeSpec make_spec_;
  std::vector<Worker> workers_;
  int64_t applied_revision_ = 0;
  registry::DesiredWorkers desired_;
  registry::Registration registration_;
  absl::Mutex mutex_;
  registry::DesiredCount latest_ ABSL_GUARDED_BY(mutex_);
  sync::StopSource stop_;
  sync::Thread thread_;
};

}  // namespace cohort::cli
