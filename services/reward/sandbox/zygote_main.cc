#include "services/reward/sandbox/zygote_main.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cohort::reward {
namespace {

// Fills `header` for one packet and room for one descriptor.
struct Message {
  Message(void* data, size_t bytes) : part{data, bytes} {
    std::memset(&header, 0, sizeof(header));
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
  }
  iovec part;
  msghdr header;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
};

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
  ZygoteLoop(int control, const Zygote::Options& options, const std::vector<sock_filter>& filter)
      : control_(control), options_(options), filter_(filter), self_(getpid()) {
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
    int socket = -1;
    const ssize_t got = ReceiveWithDescriptor(control_, &request, sizeof(request), &socket, 0);
    if (got <= 0) _exit(0);
    const pid_t child = fork();
    if (child == 0) {
      DieWith(self_);
      UnblockSignals();
      signal(SIGINT, SIG_IGN);
      signal(SIGTERM, SIG_IGN);
      RunChild(socket, request.task, options_.lockdown, filter_, options_.faults, options_.secret);
    }
    ZygoteNotice notice;
    notice.kind = ZygoteNotice::kSpawned;
    notice.serial = request.serial;
    notice.pid = child;
    notice.error = child < 0 ? errno : 0;
    close(socket);
    // The child cannot be reaped, so its pid cannot be another's, before this function returns.
    const int pidfd = child > 0 ? static_cast<int>(syscall(SYS_pidfd_open, child, 0)) : -1;
    if (child > 0 && pidfd < 0) notice.error = errno;
    SendWithDescriptor(control_, &notice, sizeof(notice), pidfd);
    if (pidfd >= 0) close(pidfd);
  }

  void ReapChildren() {
    signalfd_siginfo ignored;
    while (read(signals_, &ignored, sizeof(ignored)) > 0) {
    }
    ZygoteNotice notice;
    notice.kind = ZygoteNotice::kEnded;
    while ((notice.pid = waitpid(-1, &notice.status, WNOHANG)) > 0) SendWithDescriptor(control_, &notice, sizeof(notice), -1);
  }

  const int control_;
  const Zygote::Options& options_;
  const std::vector<sock_filter>& filter_;
  const pid_t self_;
  int signals_ = -1;
};

}  // namespace

ssize_t SendWithDescriptor(int socket, const void* data, size_t bytes, int descriptor) {
  Message message(const_cast<void*>(data), bytes);
  if (descriptor >= 0) {
    cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
  } else {
    message.header.msg_controllen = 0;
  }
  return sendmsg(socket, &message.header, MSG_NOSIGNAL);
}

ssize_t ReceiveWithDescriptor(int socket, void* data, size_t bytes, int* descriptor, int flags) {
  Message message(data, bytes);
  *descriptor = -1;
  const ssize_t got = recvmsg(socket, &message.header, flags | MSG_CMSG_CLOEXEC);
  if (got <= 0) return got;
  const cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) std::memcpy(descriptor, CMSG_DATA(rights), sizeof(int));
  return got;
}

void RunZygote(int control, pid_t service, const Zygote::Options& options, const std::vector<sock_filter>& filter) {
  DieWith(service);
  prctl(PR_SET_NAME, "cohort-zygote");
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  ZygoteLoop(control, options, filter).Run();
}

}  // namespace cohort::reward
