#include "common/sandbox/zygote_main.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "common/sandbox/descriptors.h"
#include "common/sandbox/unique_fd.h"

namespace cohort::sandbox {
namespace {

void DieWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
}

void UnblockSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

class ZygoteLoop {
 public:
  ZygoteLoop(int control, const Zygote::ChildMain& child_main) : control_(control), child_main_(child_main), self_(getpid()) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, nullptr);
    signals_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  [[noreturn]] void Run() {
    pollfd fds[] = {{control_, POLLIN, 0}, {signals_, POLLIN, 0}};
    for (;;) {
      if (poll(fds, 2, -1) < 0 && errno != EINTR) _exit(1);
      if (fds[1].revents != 0) ReapChildren();
      if (fds[0].revents != 0) Serve();
    }
  }

 private:
  void Serve() {
    ZygoteRequest request;
    std::vector<UniqueFd> received;
    const ssize_t got = ReceiveWithDescriptors(control_, &request, sizeof(request), &received, 0);
    if (got <= 0) _exit(0);
    if (received.size() != 1) _exit(1);
    UniqueFd socket = std::move(received.front());
    const pid_t child = fork();
    if (child == 0) {
      DieWith(self_);
      UnblockSignals();
      signal(SIGINT, SIG_IGN);
      signal(SIGTERM, SIG_IGN);
      child_main_(socket.get(), request.task);
      _exit(1);
    }
    ZygoteNotice notice;
    notice.kind = ZygoteNotice::kSpawned;
    notice.serial = request.serial;
    notice.pid = child;
    notice.error = child < 0 ? errno : 0;
    socket.Reset();
    // The child cannot be reaped, so its pid cannot be another's, before this function returns.
    const UniqueFd pidfd(child > 0 ? static_cast<int>(syscall(SYS_pidfd_open, child, 0)) : -1);
    if (child > 0 && !pidfd.valid()) notice.error = errno;
    SendWithDescriptors(control_, &notice, sizeof(notice), pidfd.valid() ? std::vector<int>{pidfd.get()} : std::vector<int>());
  }

  void ReapChildren() {
    signalfd_siginfo ignored;
    while (read(signals_, &ignored, sizeof(ignored)) > 0) {
    }
    ZygoteNotice notice;
    notice.kind = ZygoteNotice::kEnded;
    while ((notice.pid = waitpid(-1, &notice.status, WNOHANG)) > 0) SendWithDescriptors(control_, &notice, sizeof(notice), {});
  }

  const int control_;
  const Zygote::ChildMain& child_main_;
  const pid_t self_;
  int signals_ = -1;
};

}  // namespace

void RunZygote(int control, pid_t service, const Zygote::ChildMain& child_main) {
  DieWith(service);
  prctl(PR_SET_NAME, "cohort-zygote");
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  ZygoteLoop(control, child_main).Run();
}

}  // namespace cohort::sandbox
