#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/process/child_process.h"
#include "services/cli/supervise/endpoint.h"
#include "services/cli/supervise/restart_policy.h"

namespace cohort::cli {

// How one service is started, and how one sees that it works.
struct ServiceSpec {
  std::string name;  // "cohort-rollout-0": in messages and as the name of the log.
  // The command line. `previous` is where it listened before it died (nullptr at the first start): listen there again, so that clients find it.
  std::function<std::vector<std::string>(const Endpoint* previous)> command;
  std::map<std::string, std::string> environment;
  std::string log_file;
  // Where it listens, once it does; NOT_FOUND until then. Must not block.
  std::function<absl::StatusOr<Endpoint>(pid_t pid)> find_endpoint;
  // Whether it serves; waits at most until the deadline.
  std::function<absl::Status(const Endpoint& endpoint, absl::Time deadline)> probe;
  absl::Duration start_timeout = absl::Seconds(60);
  bool may_leave = false;  // Exit code 0 is no death: somebody has drained it.
  bool dispensable = false;  // The others go on without it when it cannot be kept alive.
  RestartPolicy::Options restarts;
};

// A child process that is started again when it dies. Not thread-safe: one thread, which must outlive it, starts and ticks (children die with the thread
// that started them).
class SupervisedService {
 public:
  explicit SupervisedService(ServiceSpec spec) : spec_(std::move(spec)), policy_(spec_.restarts) {}

  // Starts the child; Tick() and Serving() follow.
  absl::Status Start();

  // Looks after the child: notices its death, restarts it when that is due. An error means that it cannot be kept alive: it ended with a permanent exit
  // code (the error is what it said), or died too often. Returns at once.
  absl::Status Tick();

  // OK once it serves, UNAVAILABLE before; DEADLINE_EXCEEDED (with what its log says) when it does not within the start timeout. Blocks 200 ms at most.
  absl::Status Serving();

  // SIGTERM, then SIGKILL at the deadline. No restart follows. Nothing when it does not run.
  void Stop(absl::Time deadline);
  // Only the SIGTERM, to stop several at a time; Stop() must follow.
  void RequestStop();

  bool dispensable() const { return spec_.dispensable; }
  // It cannot be kept alive and is not started again; that becomes news.
  void GiveUp(const absl::Status& why);

  const std::string& name() const { return spec_.name; }
  const std::string& log_file() const { return spec_.log_file; }
  // Where it listens or did last; empty before the first start has succeeded.
  std::string address() const { return endpoint_.has_value() ? endpoint_->grpc : ""; }
  // Its process lives. Not so between a death and the restart.
  bool running() const { return child_ != nullptr && child_->running(); }
  // It ended by itself and may; it is not started again.
  bool left() const { return left_; }
  pid_t pid() const { return child_ != nullptr ? child_->pid() : 0; }
  int restarts() const { return policy_.restarts(); }
  // What happened since the last call, for people ("cohort-rollout-1 was killed by signal 9; restarting"), or "".
  std::string TakeNews();

 private:
  absl::Status Launch();
  absl::Status OnDeath(int exit_code);

  const ServiceSpec spec_;
  RestartPolicy policy_;
  std::unique_ptr<process::ChildProcess> child_;
  std::optional<Endpoint> endpoint_;
  std::optional<absl::Time> restart_at_;  // The child is dead and starts again then.
  absl::Time started_at_;
  absl::Time first_started_at_ = absl::InfiniteFuture();
  int64_t log_begin_ = 0;  // Size of the log when the child was started.
  bool stopping_ = false;
  bool left_ = false;
  std::string news_;
};

// "was killed by signal 9", "ended with exit code 1".
std::string DescribeExit(int exit_code);

// What a program said last: the message of its last line "PROGRAM: message" after byte `begin` of its log, else the last lines of the log.
std::string LastWords(const std::string& log_file, int64_t begin);

}  // namespace cohort::cli
