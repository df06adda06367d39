#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"

namespace cohort::cli {

// One graded completion.
struct GradedCompletion {
  int64_t problem = 0;      // Row in the evaluation set.
  int64_t sample = 0;
  std::string text;
  std::string answer;       // The extracted answer, empty when there is none.
  std::string verdict;      // "CORRECT", "INCORRECT", ….
  bool correct = false;
  bool format_ok = false;
  bool self_check = false;
  bool truncated = false;
  int64_t tokens = 0;
};

// Means over completions.
struct EvaluationMetrics {
  double accuracy = 0;      // pass@1.
  double format = 0;
  double mean_length = 0;   // Tokens, end-of-sequence included.
  double self_check = 0;
  double truncated = 0;
  int64_t completions = 0;
};

EvaluationMetrics Measure(const std::vector<GradedCompletion>& completions);

// A policy measured on held-out problems: sampled at the run's temperature, and greedily.
struct Evaluation {
  std::string model;                       // Checkpoint directory.
  double temperature = 1;
  std::vector<std::string> prompts;        // By problem.
  std::vector<std::string> gold_answers;   // By problem.
  std::vector<GradedCompletion> sampled;   // By problem, then sample.
  std::vector<GradedCompletion> greedy;    // By problem.
  double seconds = 0;
};

// {"accuracy", "format", "mean_length", "self_check", "truncated", "greedy_accuracy", "greedy_format", "greedy_mean_length"}.
nlohmann::json MetricsJson(const Evaluation& evaluation);

// The whole evaluation as one JSON file. Load: NOT_FOUND when there is none, INVALID_ARGUMENT names the file when it is damaged.
absl::Status SaveEvaluation(const Evaluation& evaluation, const std::string& path);
absl::StatusOr<Evaluation> LoadEvaluation(const std::string& path);

// A problem whose completions show the change: sample 0 wrong before and right after, both of usual length.
struct ExamplePair {
  const GradedCompletion* before = nullptr;
  const GradedCompletion* after = nullptr;
  int64_t problem = -1;
};
// At most `count` of them, of different problems, the most telling first; none when the evaluations are of different problems. Pointers are into the
// arguments.
std::vector<ExamplePair> TellingExamples(const Evaluation& before, const Evaluation& after, int count);

}  // namespace cohort::cli
