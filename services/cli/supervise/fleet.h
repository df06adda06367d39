#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/cli/supervise/supervised_service.h"

namespace cohort::cli {

// The services that one launcher looks after. Not thread-safe: one thread, which must outlive the fleet, makes all calls.
class Fleet {
 public:
  // What happened to a service, for people.
  explicit Fleet(std::function<void(const std::string& news)> on_news) : on_news_(std::move(on_news)) {}
  ~Fleet();

  // Starts a service and waits until it serves, looking after the others meanwhile. The pointer lives as long as the fleet, or until it is removed.
  absl::StatusOr<SupervisedService*> Start(ServiceSpec spec);
  // Starts several at a time.
  absl::StatusOr<std::vector<SupervisedService*>> StartAll(std::vector<ServiceSpec> specs);

  // Starts a service and does not wait; Tick() looks after it.
  absl::StatusOr<SupervisedService*> Launch(ServiceSpec spec);

  // Looks after all of them once; the first error is that of a service that cannot be kept alive.
  absl::Status Tick();

  // Runs `work` on a thread and looks after the services until it has ended. `work` asks `cancelled` now and then; it is set on an interrupt and when a
  // service is lost, whose error is then returned.
  absl::Status TickWhile(const std::function<absl::Status(const std::function<bool()>& cancelled)>& work, const std::function<void()>& each_tick);

  // Stops these, all at a time, and forgets them.
  void Stop(const std::vector<SupervisedService*>& services, absl::Duration patience);
  // Stops everything: the last started first, services of StartAll together.
  void StopAll(absl::Duration patience);

  int restarts() const;

 private:
  absl::Status WaitUntilServing(const std::vector<SupervisedService*>& services);

  std::function<void(const std::string&)> on_news_;
  std::vector<std::vector<std::unique_ptr<SupervisedService>>> waves_;  // By start; services of one wave stop together.
  int past_restarts_ = 0;
};

}  // namespace cohort::cli
