#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/sandbox/unique_fd.h"

namespace cohort::sandbox {

// A process with one thread and little memory that forks children: forking from the service itself, with its threads and locks, would be neither safe nor
// fast. It does nothing else, ignores SIGINT and SIGTERM, and dies with the service; its children die with it.
//
// Thread-safe. Every call is bounded by its deadline.
class Zygote {
 public:
  // The whole life of a child: `socket` is its end of the pair, `task` what Spawn() was asked for. Runs in the child, which has one thread; a child whose
  // function returns exits with code 1.
  using ChildMain = std::function<void(int socket, uint32_t task)>;

  // A forked child before its first packet.
  struct Child {
    pid_t pid = 0;
    UniqueFd socket;  // Our end of the pair.
    UniqueFd pidfd;   // Names exactly this process, also after its pid is used again.
  };

  // Forks the zygote. Call it before the process has a second thread.
  static absl::StatusOr<std::unique_ptr<Zygote>> Fork(const ChildMain& child_main);
  // Ends the zygote and with it every child.
  ~Zygote();

  // Forks a child that runs `task`. UNAVAILABLE when the zygote is gone.
  absl::StatusOr<Child> Spawn(uint32_t task, absl::Time deadline);
  // How the child ended, as waitpid() reports it. DEADLINE_EXCEEDED while it lives.
  absl::StatusOr<int> WaitStatus(const Child& child, absl::Time deadline);

  // False when it has ended, and with it every child.
  bool running() const;
  pid_t pid() const { return pid_; }

 private:
  Zygote(pid_t pid, UniqueFd control) : pid_(pid), control_(std::move(control)) {}

  struct Notice;
  // The zygote's next packet and the descriptor that came with it.
  absl::StatusOr<Notice> Receive(absl::Time deadline, UniqueFd* descriptor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const pid_t pid_;
  absl::Mutex mutex_;
  UniqueFd control_ ABSL_GUARDED_BY(mutex_);
  uint32_t last_serial_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<pid_t, int> ended_ ABSL_GUARDED_BY(mutex_);  // Children that nobody has asked about yet.
};

}  // namespace cohort::sandbox
