#include "common/sandbox/zygote.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "common/sandbox/descriptors.h"
#include "common/sandbox/zygote_main.h"
#include "common/status/status_macros.h"

namespace cohort::sandbox {
namespace {

constexpr size_t kMostUnclaimedEnds = 4096;

absl::Status LastError(const char* what) { return absl::ErrnoToStatus(errno, what); }

absl::Status MakePair(UniqueFd* ours, UniqueFd* theirs) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return LastError("socketpair");
  *ours = UniqueFd(pair[0]);
  *theirs = UniqueFd(pair[1]);
  return absl::OkStatus();
}

// Waits until `fd` can be read; false at the deadline.
bool WaitReadable(int fd, absl::Time deadline) {
  pollfd poll_fd{fd, POLLIN, 0};
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(absl::Ceil(deadline - absl::Now(), absl::Milliseconds(1)));
    const int ready = poll(&poll_fd, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (ready == 0 && absl::Now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

struct Zygote::Notice : ZygoteNotice {};

absl::StatusOr<std::unique_ptr<Zygote>> Zygote::Fork(const ChildMain& child_main) {
  UniqueFd ours, theirs;
  COHORT_RETURN_IF_ERROR(MakePair(&ours, &theirs));
  const pid_t service = getpid();
  const pid_t pid = fork();
  if (pid < 0) return LastError("cannot fork the zygote");
  if (pid == 0) {
    ours.Reset();
    RunZygote(theirs.get(), service, child_main);
  }
  return std::unique_ptr<Zygote>(new Zygote(pid, std::move(ours)));
}

Zygote::~Zygote() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Zygote::running() const {
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
}

absl::StatusOr<Zygote::Notice> Zygote::Receive(absl::Time deadline, UniqueFd* descriptor) {
  if (!WaitReadable(control_.get(), deadline)) return absl::DeadlineExceededError("the zygote did not answer");
  Notice notice;
  std::vector<UniqueFd> received;
  const ssize_t got = ReceiveWithDescriptors(control_.get(), static_cast<ZygoteNotice*>(&notice), sizeof(ZygoteNotice), &received, MSG_DONTWAIT);
  *descriptor = received.empty() ? UniqueFd() : std::move(received.front());
  if (got != sizeof(ZygoteNotice)) return absl::UnavailableError("the zygote is gone");
  return notice;
}

absl::StatusOr<Zygote::Child> Zygote::Spawn(uint32_t task, absl::Time deadline) {
  Child child;
  UniqueFd theirs;
  COHORT_RETURN_IF_ERROR(MakePair(&child.socket, &theirs));
  absl::MutexLock lock(&mutex_);
  const ZygoteRequest request{++last_serial_, task};
  if (SendWithDescriptors(control_.get(), &request, sizeof(request), {theirs.get()}) != sizeof(request)) {
    return absl::UnavailableError("the zygote is gone");
  }
  theirs.Reset();
  for (;;) {
    COHORT_ASSIGN_OR_RETURN(const Notice notice, Receive(deadline, &child.pidfd));
    if (notice.kind == ZygoteNotice::kEnded) {
      if (ended_.size() >= kMostUnclaimedEnds) ended_.clear();
      ended_[notice.pid] = notice.status;
      continue;
    }
    if (notice.serial != request.serial) continue;  // Of a request that nobody waits for any more; its socket is closed, so the child exits.
    if (notice.error != 0) return absl::ErrnoToStatus(notice.error, "the zygote cannot fork a child");
    child.pid = notice.pid;
    ended_.erase(child.pid);  // An earlier process of this number.
    return child;
  }
}

absl::StatusOr<int> Zygote::WaitStatus(const Child& child, absl::Time deadline) {
  if (!WaitReadable(child.pidfd.get(), deadline)) return absl::DeadlineExceededError("the child still runs");
  absl::MutexLock lock(&mutex_);
  for (;;) {
    if (const auto found = ended_.find(child.pid); found != ended_.end()) {
      const int status = found->second;
      ended_.erase(found);
      return status;
    }
    UniqueFd unused;
    COHORT_ASSIGN_OR_RETURN(const Notice notice, Receive(deadline, &unused));
    if (notice.kind == ZygoteNotice::kEnded) ended_[notice.pid] = notice.status;
  }
}

}  // namespace cohort::sandbox
