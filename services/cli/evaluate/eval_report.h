#pragma once

#include <map>
#include <string>

#include "nlohmann/json.hpp"
#include "services/cli/evaluate/evaluation.h"

namespace cohort::cli {

// Means over problems for each k (powers of two up to the number of samples, and that number).
struct KStatistics {
  std::map<int64_t, double> pass_at;      // Unbiased estimate.
  std::map<int64_t, double> majority_at;  // Vote among the first k samples.
};

KStatistics ComputeKStatistics(const Evaluation& evaluation);

// Everything `cohort eval` says, as JSON and as a table.
nlohmann::ordered_json EvalJson(const Evaluation& evaluation);
std::string EvalTable(const Evaluation& evaluation);

}  // namespace cohort::cli
