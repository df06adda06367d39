#pragma once

namespace cohort::log {

// Lowest severity that this process logs: 0 info, 1 warning, 2 error. Thread-safe.
int MinSeverity();
void SetMinSeverity(int severity);

}  // namespace cohort::log
