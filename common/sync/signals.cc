#include "common/sync/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace cohort::sync {
namespace {

constexpr int kHandled[] = {SIGINT, SIGTERM};

std::atomic<int> handler_pipe{-1};
struct sigaction former_actions[2];

// Only what POSIX allows in a handler.
void HandleSignal(int signal) {
  const int saved = errno;
  const auto number = static_cast<unsigned char>(signal);
  [[maybe_unused]] const ssize_t ignored = write(handler_pipe.load(), &number, 1);
  errno = saved;
}

}  // namespace

SignalWaiter::SignalWaiter(std::function<void(int signal)> on_signal) : on_signal_(std::move(on_signal)) {
  int expected = -1;
  if (pipe2(pipe_, O_CLOEXEC) != 0 || !handler_pipe.compare_exchange_strong(expected, pipe_[1])) {
    std::fputs("SignalWaiter: no pipe, or another object lives\n", stderr);
    std::abort();
  }
  fcntl(pipe_[1], F_SETFL, O_NONBLOCK);  // A full pipe must not block the handler; the signals inside suffice.
  thread_ = Thread("signals", [this] { ReadPipe(); });
  struct sigaction action = {};
  action.sa_handler = HandleSignal;
  action.sa_flags = SA_RESTART;
  for (int i = 0; i < 2; ++i) sigaction(kHandled[i], &action, &former_actions[i]);
}

SignalWaiter::~SignalWaiter() {
  for (int i = 0; i < 2; ++i) sigaction(kHandled[i], &former_actions[i], nullptr);
  handler_pipe.store(-1);
  close(pipe_[1]);  // Ends the thread's read.
  thread_.Join();
  close(pipe_[0]);
}

void SignalWaiter::ReadPipe() {
  for (;;) {
    unsigned char number = 0;
    const ssize_t got = read(pipe_[0], &number, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1) return;
    last_signal_.store(number);
    source_.RequestStop();
    if (on_signal_ != nullptr) on_signal_(number);
  }
}

}  // namespace cohort::sync
