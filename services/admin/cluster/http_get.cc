#include "services/admin/cluster/http_get.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"

namespace cohort::admin {
namespace {

constexpr size_t kMostBytes = 64u << 20;

struct Socket {
  explicit Socket(int number) : fd(number) {}
  Socket(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  const int fd;
};

absl::Status WaitFor(int fd, short events, absl::Time deadline, const std::string& address) {
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0) return absl::DeadlineExceededError(absl::StrCat(address, ": no answer in time"));
    pollfd polled = {fd, events, 0};
    const int ready = poll(&polled, 1, static_cast<int>(std::min<int64_t>(left, 1000)));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return absl::UnavailableError(absl::StrCat(address, ": cannot wait for the socket"));
  }
}

absl::StatusOr<std::unique_ptr<Socket>> Connect(const std::string& address, absl::Time deadline) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return absl::InvalidArgumentError(absl::StrCat("'", address, "' is no host:port"));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return absl::UnavailableError(absl::StrCat(address, ": the host is not known"));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  auto socket = std::make_unique<Socket>(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(socket->fd, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS) {
    return absl::UnavailableError(absl::StrCat(address, ": nobody listens there"));
  }
  COHORT_RETURN_IF_ERROR(WaitFor(socket->fd, POLLOUT, deadline, address));
  return socket;
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& address, const std::string& path, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<Socket> socket, Connect(address, deadline));
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: ", address, "\r\nConnection: close\r\n\r\n");
  if (send(socket->fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return absl::UnavailableError(absl::StrCat(address, ": nobody listens there"));
  }
  std::string answer;
  char buffer[16384];
  for (;;) {
    COHORT_RETURN_IF_ERROR(WaitFor(socket->fd, POLLIN, deadline, address));
    const ssize_t got = recv(socket->fd, buffer, sizeof(buffer), 0);
    if (got == 0) break;
    if (got < 0 && errno == EAGAIN) continue;
    if (got < 0) return absl::UnavailableError(absl::StrCat(address, ": the connection broke"));
    answer.append(buffer, static_cast<size_t>(got));
    if (answer.size() > kMostBytes) return absl::ResourceExhaustedError(absl::StrCat(address, ": the answer is larger than 64 MiB"));
  }
  const size_t head = answer.find("\r\n\r\n");
  const bool good = absl::StartsWith(answer, "HTTP/1.") && answer.size() > 12 && answer.compare(9, 3, "200") == 0 && head != std::string::npos;
  if (!good) return absl::UnavailableError(absl::StrCat(address, path, ": ", answer.substr(0, answer.find("\r\n"))));
  return answer.substr(head + 4);
}

}  // namespace cohort::admin
