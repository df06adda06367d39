#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "services/cli/evaluate/evaluation.h"

namespace cohort::cli {

// One training completion that the learner kept for people to read.
struct TrainingSample {
  int64_t step = 0;
  std::string prompt;
  std::string gold_answer;
  std::string text;
  std::string verdict;
  bool format_ok = false;
  double reward = 0;
  int64_t tokens = 0;
};

// Everything a run directory says about a run. Files that are not there leave their field empty: a run in progress has no summary.
struct RunData {
  std::string directory;
  std::string name;
  std::string config_yaml;                                // config.yaml
  std::vector<learner::v1::StepRecord> steps;             // steps.jsonl, by step; where a step was repeated after a resume, its last record.
  std::vector<TrainingSample> samples;                    // samples.jsonl
  nlohmann::json summary = nlohmann::json::object();      // summary.json
  std::optional<Evaluation> before;                       // evaluation/before.json
  std::optional<Evaluation> after;                        // evaluation/after.json
};

// Reads a run directory. NOT_FOUND when it is none (no steps.jsonl and no config.yaml); INVALID_ARGUMENT names a damaged file and line. A last line
// that was cut off by a kill is left out.
absl::StatusOr<RunData> LoadRunData(const std::string& directory);

}  // namespace cohort::cli
