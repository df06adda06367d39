#include "common/log/level.h"

#include "common/log/log.h"

namespace cohort::log {

int MinSeverity() { return FLAGS_minloglevel; }

void SetMinSeverity(int severity) { FLAGS_minloglevel = severity; }

}  // namespace cohort::log
