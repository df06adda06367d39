#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/data/problems.h"
#include "common/data/prompts.h"

namespace cohort::cli {

// A reference answer and where it stands.
struct PlacedAnswer {
  std::string answer;
  std::string place;
};
std::vector<PlacedAnswer> AnswersOf(const std::vector<data::Problem>& problems);
std::vector<PlacedAnswer> AnswersOf(const std::vector<data::PreparedPrompt>& prompts);

// Asks the reward service whether it can parse every reference answer. INVALID_ARGUMENT names file, row, answer and what is wrong with the first bad one.
// `policy` is what counts as equal (reward.policy); the service names what is wrong with it.
absl::Status CheckGoldAnswers(const std::string& reward_address, const std::string& policy, const std::vector<PlacedAnswer>& answers);

// Whether a Redis server answers at `address`; UNAVAILABLE or DEADLINE_EXCEEDED names it.
absl::Status CheckRedis(const std::string& address, absl::Time deadline);

}  // namespace cohort::cli
