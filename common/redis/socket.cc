#include "common/redis/socket.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace cohort::redis {

absl::Status WaitForSocket(int fd, short events, absl::Time deadline) {
  for (;;) {
    const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(1));
    pollfd polled = {.fd = fd, .events = events, .revents = 0};
    const timespec timeout = absl::ToTimespec(left);
    const int ready = ppoll(&polled, 1, &timeout, nullptr);
    if (ready > 0) return absl::OkStatus();
    if (ready == 0 && absl::Now() >= deadline) return absl::DeadlineExceededError("no answer before the deadline");
    if (ready < 0 && errno != EINTR) return absl::UnavailableError(absl::StrCat("poll: ", std::strerror(errno)));
  }
}

bool HasNews(int fd) {
  pollfd polled = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&polled, 1, /*timeout=*/0) != 0;
}

}  // namespace cohort::redis
