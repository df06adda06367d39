#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/cli/launch/directory_state.h"
#include "services/cli/launch/held_out_evaluation.h"
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
  absl::Status Train();
  absl::Status Conclude();

  // The processes that compute with the learner, where the config asks for several.
  absl::Status StartFollowers();
  absl::Status Follow(SupervisedService* learner);
  absl::Status RunStages();
  void StopTraining();
  // The service that grades this run: of mathematics, or of programs when the policy says so.
  absl::StatusOr<ServiceSpec> GraderSpec() const;
  ServiceSpec WithTimeout(ServiceSpec spec) const;
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
  std::optional<HeldOutEvaluation> evaluation_;  // Where the run is to be evaluated.
  SupervisedService* learner_ = nullptr;   // While it trains.
  std::vector<SupervisedService*> followers_;  // Of the learner; while they run.
  std::unique_ptr<WorkerScaler> scaler_;   // Of the rollout workers; while they run.
  double train_seconds_ = 0;
  bool training_began_ = false;
};

}  // namespace cohort::cli
