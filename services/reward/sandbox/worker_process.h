#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sandbox/zygote.h"
#include "services/reward/sandbox/wire.h"
#include "services/reward/sandbox/worker_main.h"

namespace cohort::reward {

// The service's handle on one worker. The destructor kills it. Not thread-safe.
class WorkerProcess {
 public:
  struct Received {
    WorkerPacket packet;
    std::string message;
  };
  enum class Event {
    kPackets,  // At least one packet came.
    kTimeout,  // None came in time.
    kGone,     // The process has ended and left nothing more to read.
  };

  // Forks one and waits until it has locked itself in. FAILED_PRECONDITION when it could not do that, ABORTED when it ended
  // before (somebody killed it: another may live), UNAVAILABLE when the zygote is gone.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(sandbox::Zygote& zygote, ChildTask task, absl::Time deadline);
  ~WorkerProcess();

  // Hands over a frame. UNAVAILABLE when the process is gone, DEADLINE_EXCEEDED when it does not read.
  absl::Status Send(std::string_view frame, absl::Time deadline);
  // Waits until CLOCK_MONOTONIC shows `until_ns` for packets and appends them, at most `most`.
  Event Receive(int64_t until_ns, std::vector<Received>* received, unsigned most = kMaxPacketsAtOnce);

  void Kill();
  // How it ended, as from waitpid(). DEADLINE_EXCEEDED while it lives.
  absl::StatusOr<int> WaitStatus(absl::Time deadline);

  // CPU time of the process since its start; 0 when it is gone.
  absl::Duration CpuTime() const;
  int64_t ResidentBytes() const;

  pid_t pid() const { return child_.pid; }
  int landlock_abi() const { return landlock_abi_; }

 private:
  static constexpr unsigned kMaxPacketsAtOnce = 16;

  WorkerProcess(sandbox::Zygote& zygote, sandbox::Zygote::Child child) : zygote_(zygote), child_(std::move(child)) {}

  sandbox::Zygote& zygote_;
  sandbox::Zygote::Child child_;
  int landlock_abi_ = 0;
  std::optional<int> status_;  // Once it is known: the zygote tells it only once.
};

}  // namespace cohort::reward
