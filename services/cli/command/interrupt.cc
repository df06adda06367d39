#include "services/cli/command/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "absl/time/clock.h"

namespace cohort::cli {
namespace {

std::atomic<int> g_signal{0};
std::atomic<int> g_count{0};

void Note(int signal) {
  g_signal.store(signal);
  if (g_count.fetch_add(1) >= 2) _exit(128 + signal);
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = Note;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int InterruptSignal() { return g_signal.load(); }

absl::Status CheckInterrupt() { return Interrupted() ? absl::CancelledError("interrupted") : absl::OkStatus(); }

void PauseUnlessInterrupted(absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (!Interrupted() && absl::Now() < end) absl::SleepFor(std::min(absl::Milliseconds(20), end - absl::Now()));
}

}  // namespace cohort::cli
