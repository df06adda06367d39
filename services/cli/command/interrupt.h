#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace cohort::cli {

// From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending the process. The third one ends it at once (its children die with it).
void CatchInterrupts();

// The signal that asked this process to stop, 0 for none. Async-signal-safe, any thread.
int InterruptSignal();
inline bool Interrupted() { return InterruptSignal() != 0; }

// CANCELLED when the process was asked to stop.
absl::Status CheckInterrupt();

// Sleeps for `duration`, or less when an interrupt comes.
void PauseUnlessInterrupted(absl::Duration duration);

}  // namespace cohort::cli
