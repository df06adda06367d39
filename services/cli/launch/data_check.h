#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/data/problems.h"

namespace cohort::cli {

// Asks the reward service whether it can parse every reference answer. INVALID_ARGUMENT names file, line, answer and what is wrong with the first bad one.
// `policy` is what counts as equal (reward.policy); the service names what is wrong with it.
absl::Status CheckGoldAnswers(const std::string& reward_address, const std::string& policy, const std::string& path,
                              const std::vector<data::Problem>& problems);

// Whether a Redis server answers at `address`; UNAVAILABLE or DEADLINE_EXCEEDED names it.
absl::Status CheckRedis(const std::string& address, absl::Time deadline);

}  // namespace cohort::cli
