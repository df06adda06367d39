#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/data/prompts.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/cli/evaluate/evaluation.h"
#include "services/cli/launch/directory_state.h"
#include "services/cli/supervise/run_paths.h"
#include "services/cli/progress/progress_view.h"
#include "services/cli/supervise/fleet.h"
#include "services/cli/launch/worker_scaler.h"

namespace cohort::cli {

// The arguments of `cohort run`.
struct RunArguments {
  std::string config_path;
  std::vector<std::string> overrides;  // "section.field=value"
  std::optional<uint64_t> seed;
  bool resume = false;
  bool fresh = false;
  bool no_eval = false;
  bool allow_weak_isolation = false;  // Of programs, in a run with code rewards.
  bool quiet = false;
  double start_timeout_seconds = 60;
};

// One training run on this machine from the config to the result table: starts Redis and the services as child processes, keeps them alive, shows
// progress, evaluates before and after. Lives on one thread; everything it started ends with it.
class RunLauncher {
 public:
  explicit RunLauncher(RunArguments arguments);

  // OK when the run has finished (now or earlier). CANCELLED when it was interrupted: everything is stopped in order and the run can go on with --resume.
  // Other errors are for the user as they are.
  absl::Status Run();

 private:
  absl::Status LoadConfig();
  absl::Status ClaimDirectory();
  absl::Status StartBackbone();
  absl::Status StartAdmin();
  absl::Status CheckData();
  absl::Status EvaluateBefore();
  absl::Status Train();
  absl::Status EvaluateAfter();
  absl::Status Conclude();

  absl::StatusOr<Evaluation> Evaluate(const std::string& model, const std::string& what);
  // The processes that compute with the learner, where the config asks for several.
  absl::Status StartFollowers();
  absl::Status Follow(SupervisedService* learner);
  absl::Status RunStages();
  void StopTraining();
  bool evaluates() const { return !arguments_.no_eval && config_.evaluation().problems() > 0 && !config_.data().held_out().empty(); }
  // The service that grades this run: of mathematics, or of programs when the policy says so.
  absl::StatusOr<ServiceSpec> GraderSpec() const;
  ServiceSpec WithTimeout(ServiceSpec spec) const;
  // What a worker without the run's config must be told about where and how it computes.
  std::vector<std::string> DeviceFlags(int worker) const;
  std::string ResumeCommand() const;
  void ShowFinishedRun() const;

  const RunArguments arguments_;
  config::v1::RunConfig config_;
  RunPaths paths_;
  DirectoryState state_ = DirectoryState::kFresh;
  std::unique_ptr<DirectoryLock> lock_;
  ProgressView view_;
  Fleet fleet_;
  std::string redis_address_;
  std::string reward_address_;
  std::vector<data::PreparedPrompt> held_out_;
  int64_t max_context_ = 0;  // Of the workers of the evaluation.
  SupervisedService* learner_ = nullptr;   // While it trains.
  std::vector<SupervisedService*> followers_;  // Of the learner; while they run.
  std::unique_ptr<WorkerScaler> scaler_;   // Of the rollout workers; while they run.
  double train_seconds_ = 0;
  bool training_began_ = false;
};

}  // namespace cohort::cli
