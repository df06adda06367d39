#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/data/prompts.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/cli/evaluate/evaluation.h"
#include "services/cli/progress/progress_view.h"
#include "services/cli/supervise/fleet.h"
#include "services/cli/supervise/run_paths.h"

namespace cohort::cli {

// What a run's policy makes of the held-out problems before and after training: starts workers for it, as the run's config describes them, shows how far they
// are, and keeps the results in the run's directory. CANCELLED when it is interrupted. Lives on one thread.
class HeldOutEvaluation {
 public:
  // Grades by the service at `reward_address`; a worker has `start_timeout` to get ready. All of them outlive it.
  HeldOutEvaluation(const config::v1::RunConfig& config, const RunPaths& paths, Fleet& fleet, ProgressView& view, std::string reward_address,
                    absl::Duration start_timeout)
      : config_(config), paths_(paths), fleet_(fleet), view_(view), reward_address_(std::move(reward_address)), start_timeout_(start_timeout) {}

  // Reads the problems; errors name file, row and what is wrong with it, its reference answer included. Comes first.
  absl::Status Load();
  // Measures the base model, unless an earlier start of this run has done so.
  absl::Status Before();
  // Measures the trained model.
  absl::Status After();

 private:
  absl::StatusOr<Evaluation> Evaluate(const std::string& model, const std::string& what);
  // What a worker without the run's config must be told about where and how it computes.
  std::vector<std::string> DeviceFlags(int worker) const;

  const config::v1::RunConfig& config_;
  const RunPaths& paths_;
  Fleet& fleet_;
  ProgressView& view_;
  const std::string reward_address_;
  const absl::Duration start_timeout_;
  std::vector<data::PreparedPrompt> problems_;
  int64_t max_context_ = 0;  // Of the workers.
};

}  // namespace cohort::cli
