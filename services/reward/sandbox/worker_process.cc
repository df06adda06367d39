#include "services/reward/sandbox/worker_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/sandbox/monotonic.h"
#include "common/status/status_macros.h"

namespace cohort::reward {
namespace {

int64_t UntilNanos(absl::Time deadline) { return sandbox::MonotonicNanos() + absl::ToInt64Nanoseconds(deadline - absl::Now()); }

// Polls `fd` until CLOCK_MONOTONIC shows `until_ns`; false when nothing happened.
bool PollUntil(int fd, short events, int64_t until_ns) {
  pollfd poll_fd{fd, events, 0};
  for (;;) {
    const int64_t left = std::max<int64_t>(0, until_ns - sandbox::MonotonicNanos());
    const timespec timeout{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    const int ready = ppoll(&poll_fd, 1, &timeout, nullptr);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(sandbox::Zygote& zygote, ChildTask task, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(sandbox::Zygote::Child child, zygote.Spawn(task, deadline));
  auto worker = std::unique_ptr<WorkerProcess>(new WorkerProcess(zygote, std::move(child)));
  std::vector<Received> received;
  const Event event = worker->Receive(UntilNanos(deadline), &received, 1);
  if (event == Event::kTimeout) return absl::DeadlineExceededError("a worker did not lock itself in in time");
  if (event == Event::kGone || received[0].packet.kind != PacketKind::kReady) return absl::AbortedError("a worker ended before it was ready");
  if (received[0].packet.format_ok == 0) {
    return absl::FailedPreconditionError(absl::StrCat("a worker cannot lock itself in: ", received[0].message));
  }
  worker->landlock_abi_ = received[0].packet.landlock_abi;
  return worker;
}

WorkerProcess::~WorkerProcess() {
  Kill();
  // Its end is waited for, so that none outlives the pool; SIGKILL works in well under a millisecond.
  [[maybe_unused]] const auto ended = WaitStatus(absl::Now() + absl::Seconds(1));
}

absl::Status WorkerProcess::Send(std::string_view frame, absl::Time deadline) {
  const int64_t until_ns = UntilNanos(deadline);
  while (!frame.empty()) {
    const std::string_view packet = frame.substr(0, kPacketBytes);
    const ssize_t sent = send(child_.socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      frame.remove_prefix(packet.size());
    } else if (errno != EAGAIN && errno != EINTR) {
      return absl::UnavailableError("the worker is gone");
    } else if (!PollUntil(child_.socket.get(), POLLOUT, until_ns)) {
      return absl::DeadlineExceededError("the worker does not read");
    }
  }
  return absl::OkStatus();
}

WorkerProcess::Event WorkerProcess::Receive(int64_t until_ns, std::vector<Received>* received, unsigned most) {
  char buffers[kMaxPacketsAtOnce][sizeof(WorkerPacket) + kMaxPacketTextBytes];
  iovec parts[kMaxPacketsAtOnce];
  mmsghdr headers[kMaxPacketsAtOnce] = {};
  for (size_t i = 0; i < kMaxPacketsAtOnce; ++i) {
    parts[i] = {buffers[i], sizeof(buffers[i])};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    const int count = recvmmsg(child_.socket.get(), headers, std::min(most, kMaxPacketsAtOnce), MSG_DONTWAIT, nullptr);
    if (count > 0) {
      bool any = false;
      for (int i = 0; i < count; ++i) {
        if (headers[i].msg_len < sizeof(WorkerPacket)) break;  // An empty packet is the end of the stream.
        Received& last = received->emplace_back();
        std::memcpy(&last.packet, buffers[i], sizeof(WorkerPacket));
        last.message.assign(buffers[i] + sizeof(WorkerPacket), headers[i].msg_len - sizeof(WorkerPacket));
        any = true;
      }
      return any ? Event::kPackets : Event::kGone;
    }
    // ECONNRESET stands before what the worker had sent when it died with something unread; reading again gives that, then the end.
    if (count < 0 && errno == ECONNRESET) continue;
    if (count < 0 && errno != EAGAIN && errno != EINTR) return Event::kGone;
    if (!PollUntil(child_.socket.get(), POLLIN, until_ns)) return Event::kTimeout;
  }
}

absl::StatusOr<int> WorkerProcess::WaitStatus(absl::Time deadline) {
  if (!status_.has_value()) {
    COHORT_ASSIGN_OR_RETURN(status_, zygote_.WaitStatus(child_, deadline));
  }
  return *status_;
}

void WorkerProcess::Kill() { syscall(SYS_pidfd_send_signal, child_.pidfd.get(), SIGKILL, nullptr, 0); }

absl::Duration WorkerProcess::CpuTime() const {
  clockid_t clock;
  timespec used;
  if (clock_getcpuclockid(child_.pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(used);
}

int64_t WorkerProcess::ResidentBytes() const {
  std::ifstream file(absl::StrCat("/proc/", child_.pid, "/statm"));
  int64_t total = 0;
  int64_t resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace cohort::reward
