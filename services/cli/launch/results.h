#pragma once

#include <string>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "services/cli/report/run_data.h"

namespace cohort::cli {

// What the launcher knows about a finished run besides its files.
struct RunOutcome {
  std::string run;
  std::string base_model;
  int64_t steps = 0;
  uint64_t seed = 0;
  double train_seconds = 0;
  std::vector<std::string> self_check_words;
  int restarts = 0;
};

// The content of summary.json: run, base_model, steps, seed, train_seconds, tokens, tokens_per_second, and where the run was evaluated `before` and
// `after`, each {"accuracy", "format", "mean_length", "self_check", "greedy_accuracy", …}.
nlohmann::json Summarize(const RunOutcome& outcome, const RunData& run);

// "Before / after" as a table for a terminal; empty when the run was not evaluated.
std::string OutcomeTable(const nlohmann::json& summary);

// Two completions of the same held-out problem, before and after; empty when there is none to show.
std::string ExampleText(const RunData& run);

}  // namespace cohort::cli
