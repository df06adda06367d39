#include "services/cli/launch/run_launcher.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/config/config.h"
#include "common/config/memory.h"
#include "common/io/files.h"
#include "common/model/model_config.h"
#include "common/redis/access.h"
#include "common/reward/format/template_name.h"
#include "common/rpc/service_tls.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/cli/command/interrupt.h"
#include "services/cli/launch/data_check.h"
#include "services/cli/launch/nccl_environment.h"
#include "services/cli/launch/results.h"
#include "services/cli/supervise/service_specs.h"
#include "services/cli/progress/step_watcher.h"
#include "services/cli/report/html.h"
#include "services/cli/report/report_command.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(20);
constexpr absl::Duration kCheckpointPatience = absl::Seconds(60);  // For the learner to finish its step and write a checkpoint.
constexpr absl::Duration kPatience = absl::Seconds(10);            // For everything else.
constexpr absl::Duration kStallNotice = absl::Seconds(60);

// An argument as a shell takes it.
std::string Quoted(const std::string& argument) {
  const bool plain = argument.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+") == std::string::npos;
  return plain && !argument.empty() ? argument : absl::StrCat("'", absl::StrReplaceAll(argument, {{"'", "'\\''"}}), "'");
}

}  // namespace

RunLauncher::RunLauncher(RunArguments arguments)
    : arguments_(std::move(arguments)),
      paths_(""),
      view_(ProgressView::StyleForStdout(arguments_.quiet)),
      fleet_([this](const std::string& news) { view_.Say(absl::StrCat("  ", news)); }) {}

absl::Status RunLauncher::Run() {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  COHORT_RETURN_IF_ERROR(LoadConfig());
  COHORT_RETURN_IF_ERROR(ClaimDirectory());
  if (state_ == DirectoryState::kFinished) {
    ShowFinishedRun();
    return absl::OkStatus();
  }
  const absl::Status status = RunStages();
  view_.Close();
  if (absl::IsCancelled(status)) view_.Say(training_began_ ? "stopping: the learner writes a checkpoint" : "stopping");
  StopTraining();
  fleet_.StopAll(kPatience);
  if (absl::IsCancelled(status)) {
    view_.Say(training_began_ ? absl::StrCat("stopped; go on with\n  ", ResumeCommand()) : "stopped before training began; run the same command again");
  }
  return status;
}

absl::Status RunLauncher::RunStages() {
  // Before anything is started: a base model that was not made or fetched yet is what most first attempts lack.
  COHORT_RETURN_IF_ERROR(Annotate(model::LoadModelConfig(config_.model().path()).status(), "model.path"));
  COHORT_RETURN_IF_ERROR(StartBackbone());
  COHORT_RETURN_IF_ERROR(CheckData());
  if (evaluation_.has_value()) COHORT_RETURN_IF_ERROR(evaluation_->Before());
  COHORT_RETURN_IF_ERROR(Train());
  if (evaluation_.has_value()) COHORT_RETURN_IF_ERROR(evaluation_->After());
  return Conclude();
}

absl::Status RunLauncher::LoadConfig() {
  std::vector<std::string> overrides = arguments_.overrides;
  if (arguments_.seed.has_value()) overrides.push_back(absl::StrCat("run.seed=", *arguments_.seed));
  COHORT_ASSIGN_OR_RETURN(config_, config::LoadRunConfig(arguments_.config_path, overrides));
  paths_ = RunPaths::Of(config_);
  // What is set for some other server must not be said to the private one.
  if (config_.queue().redis_address().empty()) redis::Access::ForgetEnvironment();
  return absl::OkStatus();
}

absl::Status RunLauncher::ClaimDirectory() {
  const bool held_a_run = std::filesystem::exists(paths_.identity()) || std::filesystem::exists(paths_.resolved_config());
  COHORT_ASSIGN_OR_RETURN(lock_, DirectoryLock::Acquire(paths_));
  if (arguments_.fresh && held_a_run) {
    COHORT_ASSIGN_OR_RETURN(const std::string old, MoveAside(paths_));
    view_.Say(absl::StrCat("the earlier run is now in ", old));
    COHORT_ASSIGN_OR_RETURN(lock_, DirectoryLock::Acquire(paths_));
  }
  COHORT_ASSIGN_OR_RETURN(state_, InspectDirectory(paths_, config_));
  if (state_ == DirectoryState::kUnfinished && !arguments_.resume) {
    return absl::FailedPreconditionError(
        absl::StrCat(paths_.root(), ": holds this run, not finished; go on with\n  ", ResumeCommand(), "\nor start over with --fresh, which moves it aside"));
  }
  for (const std::string& directory : {paths_.launch(), paths_.logs(), paths_.redis(), paths_.evaluations()}) {
    COHORT_RETURN_IF_ERROR(io::CreateDirectories(directory));
  }
  return state_ == DirectoryState::kFinished ? absl::OkStatus() : io::WriteFileAtomically(paths_.resolved_config(), config::ToYaml(config_));
}

ServiceSpec RunLauncher::WithTimeout(ServiceSpec spec) const {
  spec.start_timeout = absl::Seconds(arguments_.start_timeout_seconds);
  return spec;
}

absl::StatusOr<ServiceSpec> RunLauncher::GraderSpec() const {
  const config::v1::RewardSection& reward = config_.reward();
  const std::string& run = config_.run().name();
  if (reward::AsksForCode(reward.policy())) return CoderunnerSpec(paths_, reward.sandbox_workers(), arguments_.allow_weak_isolation, redis_address_, run);
  return RewardSpec(paths_, reward.sandbox_workers(), reward.check_deadline_ms(), redis_address_, run);
}

absl::Status RunLauncher::StartBackbone() {
  view_.Say(absl::StrCat("run ", config_.run().name(), " in ", paths_.root()));
  std::vector<config::DerivedQuantity> quantities = config::Derive(config_);
  for (config::DerivedQuantity& need : config::DeriveMemory(config_)) quantities.push_back(std::move(need));
  for (const config::DerivedQuantity& quantity : quantities) view_.Say(absl::StrFormat("  %-26s %s", quantity.name, quantity.value));
  if (config_.queue().redis_address().empty()) {
    COHORT_ASSIGN_OR_RETURN(ServiceSpec redis, RedisSpec(paths_));
    COHORT_ASSIGN_OR_RETURN(const SupervisedService* service, fleet_.Start(WithTimeout(std::move(redis))));
    redis_address_ = service->address();
  } else {
    redis_address_ = config_.queue().redis_address();
    COHORT_RETURN_IF_ERROR(CheckRedis(redis_address_, absl::Now() + absl::Seconds(arguments_.start_timeout_seconds)));
  }
  COHORT_ASSIGN_OR_RETURN(ServiceSpec reward, GraderSpec());
  COHORT_ASSIGN_OR_RETURN(const SupervisedService* service, fleet_.Start(WithTimeout(std::move(reward))));
  reward_address_ = service->address();
  view_.Say(absl::StrCat("started redis (", redis_address_, ") and the reward service (", reward_address_, "); logs in ", paths_.logs()));
  return StartAdmin();
}

absl::Status RunLauncher::StartAdmin() {
  absl::StatusOr<ServiceSpec> spec = AdminSpec(paths_, redis_address_, config_.run().name());
  if (absl::IsNotFound(spec.status())) {
    view_.Say(absl::StrCat("without an admin service: ", spec.status().message()));
    return absl::OkStatus();
  }
  COHORT_RETURN_IF_ERROR(spec.status());
  COHORT_ASSIGN_OR_RETURN(const SupervisedService* admin, fleet_.Start(WithTimeout(*std::move(spec))));
  view_.Say(absl::StrCat("watch and steer it from another terminal: cohort status --endpoint ", admin->address()));
  const absl::StatusOr<Endpoint> endpoint = ReadEndpointFile(paths_.endpoint("cohort-admin"));
  if (endpoint.ok() && !endpoint->web.empty()) view_.Say(absl::StrCat("watch it in a browser: http://", endpoint->web, "/"));
  return absl::OkStatus();
}

absl::Status RunLauncher::CheckData() {
  const bool evaluates = !arguments_.no_eval && config_.evaluation().problems() > 0 && !config_.data().held_out().empty();
  COHORT_ASSIGN_OR_RETURN(const std::vector<data::Problem> train, data::LoadProblems(config_.data().train(), data::ColumnsOf(config_.data())));
  COHORT_RETURN_IF_ERROR(CheckGoldAnswers(reward_address_, config_.reward().policy(), AnswersOf(train)));
  if (!evaluates) return absl::OkStatus();
  evaluation_.emplace(config_, paths_, fleet_, view_, reward_address_, absl::Seconds(arguments_.start_timeout_seconds));
  return evaluation_->Load();
}

absl::Status RunLauncher::Train() {
  const LearnerPlace place = {redis_address_, reward_address_, state_ == DirectoryState::kUnfinished, NcclEnvironment(config_, -1)};
  COHORT_ASSIGN_OR_RETURN(ServiceSpec learner_spec, LearnerSpec(paths_, place));
  COHORT_ASSIGN_OR_RETURN(learner_, fleet_.Start(WithTimeout(std::move(learner_spec))));
  COHORT_RETURN_IF_ERROR(StartFollowers());
  const auto worker_spec = [this, learner = learner_->address()](int index) -> absl::StatusOr<ServiceSpec> {
    COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, RolloutSpec(paths_, index, {redis_address_, reward_address_, learner, GpuOfWorker(config_, index),
                                                                        NcclEnvironment(config_, index)}));
    return WithTimeout(std::move(spec));
  };
  std::vector<ServiceSpec> specs;
  for (int i = 0; i < config_.rollout().workers(); ++i) {
    COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, worker_spec(i));
    specs.push_back(std::move(spec));
  }
  COHORT_ASSIGN_OR_RETURN(const std::vector<SupervisedService*> workers, fleet_.StartAll(std::move(specs)));
  scaler_ = std::make_unique<WorkerScaler>(redis_address_, config_.run().name(), fleet_, workers, worker_spec);
  training_began_ = true;
  view_.Say(absl::StrCat(state_ == DirectoryState::kUnfinished ? "going on with " : "training ", config_.run().steps(), " steps, ",
                         config_.rollout().workers(), config_.rollout().workers() == 1 ? " rollout worker" : " rollout workers"));
  COHORT_RETURN_IF_ERROR(Follow(learner_));
  view_.Close();
  StopTraining();
  return absl::OkStatus();
}

absl::Status RunLauncher::StartFollowers() {
  std::vector<ServiceSpec> specs;
  for (int i = 1; i < config_.optimizer().data_parallel(); ++i) {
    COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, FollowerSpec(paths_, i, config_.run().name(), learner_->address(), config_.optimizer().gpu() + i));
    specs.push_back(WithTimeout(std::move(spec)));
  }
  if (specs.empty()) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(followers_, fleet_.StartAll(std::move(specs)));
  return absl::OkStatus();
}

absl::Status RunLauncher::Follow(SupervisedService* learner) {
  const StepWatcher watcher(learner->address(), 0);
  ProgressState state;
  state.steps_total = config_.run().steps();
  absl::Time last_change = absl::Now();
  for (;;) {
    COHORT_RETURN_IF_ERROR(CheckInterrupt());
    COHORT_RETURN_IF_ERROR(fleet_.Tick());
    COHORT_ASSIGN_OR_RETURN(const std::string scaled, scaler_->Tick());
    if (!scaled.empty()) view_.Say(absl::StrCat("  ", scaled));
    WatchedRun latest = watcher.Latest();
    if (latest.records.size() != state.records.size()) last_change = absl::Now();
    state.records = std::move(latest.records);
    if (!state.records.empty()) state.elapsed_seconds = state.records.back().elapsed_seconds();
    const absl::Duration silence = absl::Now() - last_change;
    state.note = silence < kStallNotice ? "" : absl::StrCat("no step has ended for ", HumanDuration(absl::ToDoubleSeconds(silence)), "; see ", paths_.logs());
    view_.Show(state);
    train_seconds_ = latest.run.train_seconds();
    if (latest.run.phase() == learner::v1::RUN_PHASE_FINISHED) return absl::OkStatus();
    if (latest.run.phase() == learner::v1::RUN_PHASE_FAILED) return absl::FailedPreconditionError(latest.run.message());
    PauseUnlessInterrupted(kTick);
  }
}

// The learner first: it must find its services, and those that compute with it, while it finishes its step and writes a checkpoint.
void RunLauncher::StopTraining() {
  if (learner_ == nullptr) return;
  fleet_.Stop({learner_}, kCheckpointPatience);
  learner_ = nullptr;
  if (!followers_.empty()) fleet_.Stop(followers_, kPatience);
  followers_.clear();
  if (scaler_ == nullptr) return;  // The workers have not all started: the fleet stops them.
  fleet_.Stop(scaler_->workers(), kPatience);
  scaler_.reset();
}

absl::Status RunLauncher::Conclude() {
  COHORT_ASSIGN_OR_RETURN(RunData run, LoadRunData(paths_.root()));
  RunOutcome outcome;
  outcome.run = config_.run().name();
  outcome.base_model = config_.model().path();
  outcome.steps = config_.run().steps();
  outcome.seed = config_.run().seed();
  outcome.train_seconds = train_seconds_;
  outcome.self_check_words.assign(config_.evaluation().self_check_words().begin(), config_.evaluation().self_check_words().end());
  outcome.restarts = fleet_.restarts();
  if (!evaluation_.has_value()) {
    run.before.reset();
    run.after.reset();
  }
  COHORT_RETURN_IF_ERROR(io::WriteFileAtomically(paths_.summary(), Summarize(outcome, run).dump(2) + "\n"));
  COHORT_RETURN_IF_ERROR(WriteReport(paths_.root(), paths_.report()).status());
  view_.Say(absl::StrFormat("trained %d steps in %s", outcome.steps, HumanDuration(train_seconds_)));
  ShowFinishedRun();
  return absl::OkStatus();
}

std::string RunLauncher::ResumeCommand() const {
  std::string command = absl::StrCat("cohort run ", Quoted(arguments_.config_path), " --resume");
  if (arguments_.seed.has_value()) absl::StrAppend(&command, " --seed ", *arguments_.seed);
  for (const std::string& setting : arguments_.overrides) absl::StrAppend(&command, " --set ", Quoted(setting));
  if (arguments_.no_eval) command += " --no-eval";
  if (arguments_.allow_weak_isolation) command += " --allow-weak-isolation";
  return command;
}

void RunLauncher::ShowFinishedRun() const {
  const absl::StatusOr<RunData> run = LoadRunData(paths_.root());
  if (!run.ok()) return;
  for (const std::string& part : {OutcomeTable(run->summary), ExampleText(*run)}) {
    if (!part.empty()) std::cout << "\n" << part;
  }
  std::cout << "\n  model         " << paths_.model() << "  (Hugging Face checkpoint)"
            << "\n  TensorBoard   " << paths_.tensorboard() << "\n  steps         " << paths_.steps() << "\n  summary       " << paths_.summary()
            << "\n  report        " << paths_.report() << "\n";
  if (state_ == DirectoryState::kFinished) {
    std::cout << "\nThis run was finished earlier, nothing was done now. Start over with --fresh (moves it aside), or prolong it with\n  "
              << ResumeCommand() << " --set run.steps=" << config_.run().steps() * 2 << "\n";
  }
  std::cout << std::flush;
}

}  // namespace cohort::cli
