#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/data/prompts.h"
#include "common/metrics/metrics.h"
#include "common/sync/stop.h"

namespace cohort::learner {

// Asks the reward service at `address` whether it can parse every reference answer and knows `policy` (reward.policy), so that a bad one is found before the first step. Waits for the
// service until `deadline`: UNAVAILABLE or DEADLINE_EXCEEDED names the address. INVALID_ARGUMENT names file, row and answer, up to ten of them.
// CANCELLED when a stop was requested. The calls are counted in `metrics`, if there are any.
absl::Status CheckGoldAnswers(const std::string& address, const std::string& policy, const std::vector<data::PreparedPrompt>& prompts,
                              absl::Time deadline, const sync::StopToken& stop, metrics::Registry* metrics = nullptr);

}  // namespace cohort::learner
