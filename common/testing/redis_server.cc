#include "common/testing/redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/process/free_port.h"
#include "common/status/status_macros.h"

namespace cohort::testing {
namespace {

constexpr int kStartAttempts = 5;  // Another process may take the free port before the server does.
constexpr absl::Duration kStartTimeout = absl::Seconds(20);

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Whether PING is answered with PONG, or with the question for a password: neither "loading" nor somebody else's server.
bool Answers(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout = {.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  const sockaddr_in address = Loopback(port);
  constexpr char kPing[] = "PING\r\n", kPong[] = "+PONG", kWho[] = "-NOAU";
  char answer[sizeof(kPong)] = {};
  const bool pong = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                    send(fd, kPing, std::strlen(kPing), MSG_NOSIGNAL) > 0 && recv(fd, answer, std::strlen(kPong), MSG_WAITALL) > 0 &&
                    (std::strcmp(answer, kPong) == 0 || std::strcmp(answer, kWho) == 0);
  close(fd);
  return pong;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Start(Options options) {
  std::unique_ptr<RedisServer> server(new RedisServer(std::move(options)));
  absl::Status status;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    COHORT_ASSIGN_OR_RETURN(server->port_, process::PickFreePort());
    if (server->options_.tls.any()) {
      COHORT_ASSIGN_OR_RETURN(server->tls_port_, process::PickFreePort());
    }
    status = server->Launch();
    if (status.ok()) return server;
  }
  return status;
}

RedisServer::~RedisServer() {
  if (process_ != nullptr) Kill();
}

std::string RedisServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::string RedisServer::tls_address() const { return absl::StrCat("rediss://127.0.0.1:", tls_port_); }

absl::Status RedisServer::Launch() {
  process::ChildProcess::Options options;
  options.command = {"redis-server", "--port", absl::StrCat(port_), "--bind", "127.0.0.1", "--save", "", "--dir", directory_.path(),
                     "--appendonly", options_.append_only ? "yes" : "no", "--appendfsync", "always"};
  if (options_.tls.any()) {
    const std::vector<std::string> tls = {"--tls-port", absl::StrCat(tls_port_), "--tls-cert-file", options_.tls.certificate,
                                          "--tls-key-file", options_.tls.key, "--tls-ca-cert-file", options_.tls.ca};
    options.command.insert(options.command.end(), tls.begin(), tls.end());
  }
  options.command.insert(options.command.end(), options_.arguments.begin(), options_.arguments.end());
  options.log_file = directory_ / "redis.log";
  COHORT_ASSIGN_OR_RETURN(process_, process::ChildProcess::Start(std::move(options)));
  const absl::Time deadline = absl::Now() + kStartTimeout;
  while (!Answers(port_)) {
    if (!process_->running()) return absl::UnavailableError(absl::StrCat("redis-server ended at once on port ", port_));
    if (absl::Now() > deadline) return absl::DeadlineExceededError("redis-server does not answer");
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::OkStatus();
}

void RedisServer::Kill() {
  process_->Signal(SIGKILL);
  process_->Stop(absl::Now());
}

absl::Status RedisServer::Restart() { return Launch(); }

absl::Status RedisServer::Restart(std::vector<std::string> arguments) {
  options_.arguments = std::move(arguments);
  return Launch();
}

void RedisServer::Pause() { process_->Signal(SIGSTOP); }

void RedisServer::Resume() { process_->Signal(SIGCONT); }

}  // namespace cohort::testing
