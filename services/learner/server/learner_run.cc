#include "services/learner/server/learner_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/metrics/gpu_memory.h"
#include "common/registry/record.h"
#include "common/registry/registration.h"
#include "common/rpc/server.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/control/control_service.h"
#include "services/learner/follow/follower_pool.h"
#include "services/learner/follow/messages.h"
#include "services/learner/intake/trajectory_service.h"
#include "services/learner/loop/learner_loop.h"
#include "services/learner/observe/run_service.h"
#include "services/learner/server/make_collective_root.h"
#include "services/learner/server/starting_point.h"

namespace cohort::learner {
namespace {

// How long a run that ends by itself can still be asked how it went.
constexpr absl::Duration kOutcomeVisible = absl::Seconds(2);

FollowerPool::Options FollowerOptions(const LearnerOptions& options, const RunInputs& inputs, int64_t incarnation) {
  const PolicyModelOptions model = PolicyModelOptionsOf(inputs.config, inputs.model.config);
  FollowerPool::Options pool;
  pool.task.set_run(inputs.config.run().name());
  pool.task.set_incarnation(incarnation);
  pool.task.set_processes(inputs.config.optimizer().data_parallel());
  *pool.task.mutable_model() = ToMessage(inputs.model.config);
  *pool.task.mutable_optimizer() = model.optimizer;
  pool.task.set_temperature(model.temperature);
  pool.task.set_reference(model.reference);
  pool.task.set_longest_sequence(model.longest_sequence);
  pool.layout_crc32c = LayoutChecksum(inputs.model.layout);
  pool.silence = options.follower_timeout;
  return pool;
}

GroupRules Rules(const RunInputs& inputs) {
  GroupRules rules;
  rules.group_size = inputs.config.algorithm().group_size();
  rules.max_new_tokens = inputs.config.rollout().max_new_tokens();
  rules.vocab_size = inputs.model.config.vocab_size;
  rules.max_staleness = inputs.config.algorithm().max_staleness();
  return rules;
}

CheckpointStore::Options StoreOptions(const RunInputs& inputs, const RunDirectory& directory) {
  CheckpointStore::Options options;
  options.run_directory = directory.path();
  options.model_source = inputs.config.model().path();
  options.keep_last = inputs.config.checkpoint().keep_last();
  options.keep_best = inputs.config.checkpoint().keep_best();
  return options;
}

// How this incarnation shows itself in the registry; nullptr where there is no Redis.
std::unique_ptr<registry::Registration> Register(const LearnerOptions& options, const RunInputs& inputs, const rpc::Endpoints& endpoints, int64_t incarnation) {
  registry::Registration::Options registration;
  registration.redis = options.redis.empty() ? inputs.config.queue().redis_address() : options.redis;
  if (registration.redis.empty()) return nullptr;
  registration.run = inputs.config.run().name();
  registration.record = registry::RecordOf(options.name, registry::v1::SERVICE_ROLE_LEARNER, endpoints, options.advertise_host);
  registration.record.set_incarnation(incarnation);
  return std::make_unique<registry::Registration>(std::move(registration));
}

// The parts of one incarnation. Each is made of those before it, and goes before them.
class Incarnation {
 public:
  Incarnation(const LearnerProcess& process, queue::PromptQueue& queue, int64_t number)
      : process_(process), options_(process.options), inputs_(process.inputs), config_(process.inputs.config), queue_(queue), number_(number) {}

  // The four steps of its life, in this order; after an error of the first or the second one, none.
  absl::Status Restore();
  absl::Status Serve(rpc::Endpoints& endpoints);
  absl::Status Train();
  void ShutDown(bool finished);

 private:
  absl::Status OpenRecords();
  absl::Status MakeParts();
  absl::Status StartServer(rpc::Endpoints& endpoints);
  absl::Status RunLoop();
  // Tells people why the run failed, for as long as they may ask.
  void ShowFailure(const absl::Status& status);

  const LearnerProcess& process_;
  const LearnerOptions& options_;
  const RunInputs& inputs_;
  const config::v1::RunConfig& config_;
  queue::PromptQueue& queue_;
  const int64_t number_;

  metrics::TimeBudget budget_{"starting", &process_.registry, "cohort_learner_time_seconds_total"};
  CheckpointStore checkpoints_{StoreOptions(inputs_, process_.directory)};
  BudgetWindow window_{budget_};
  StartingPoint start_;
  std::unique_ptr<FollowerPool> followers_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<metrics::CollectHook> gpu_metrics_;
  RunFeed feed_;
  SampleFeed samples_;
  std::unique_ptr<StepReporter> reporter_;
  std::unique_ptr<Journal> journal_;
  std::optional<Intake> intake_;
  std::optional<TaskBuilder> tasks_;
  std::unique_ptr<policy::CollectiveRoot> root_;
  std::optional<policy::PolicyPublisher> publisher_;
  std::optional<TaskIssuer> issuer_;
  std::optional<StepCollector> collector_;
  std::optional<TrajectoryServiceImpl> trajectories_;
  std::optional<RunServiceImpl> runs_;
  std::optional<ControlServiceImpl> steering_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<registry::Registration> registration_;
};

absl::Status Incarnation::Restore() {
  COHORT_ASSIGN_OR_RETURN(start_, FindStart(inputs_, number_, process_.directory, checkpoints_, process_.control));
  followers_ = std::make_unique<FollowerPool>(FollowerOptions(options_, inputs_, number_), &process_.registry);
  COHORT_ASSIGN_OR_RETURN(trainer_, MakeTrainer(inputs_, start_, *followers_));
  gpu_metrics_ = metrics::ExportGpuMemory(process_.registry, trainer_->gpu());
  COHORT_RETURN_IF_ERROR(process_.directory.SetIncarnation(number_));
  log::SetContext(absl::StrCat("run=", start_.state.run, " incarnation=", number_));
  return OpenRecords();
}

absl::Status Incarnation::OpenRecords() {
  feed_.Update([&](learner::v1::GetRunResponse& state) {
    state.set_run_id(start_.state.run);
    state.set_steps_total(config_.run().steps());
    state.set_incarnation(number_);
    state.set_checkpoint(checkpoints_.latest());
  });
  const int64_t step = start_.state.step;
  COHORT_ASSIGN_OR_RETURN(reporter_, StepReporter::Open(process_.directory.path(), step, config_.rollout().max_new_tokens(), &feed_, &process_.metrics, &samples_));
  COHORT_ASSIGN_OR_RETURN(journal_, Journal::Open({process_.directory / "journal"}, step));
  COHORT_LOG(INFO) << (start_.checkpoint.has_value() ? absl::StrCat("goes on from ", start_.checkpoint->path) : "starts from the initial model")
                   << " with step " << step << "; " << journal_->recovered() << " groups are in the journal already";
  return absl::OkStatus();
}

absl::Status Incarnation::Serve(rpc::Endpoints& endpoints) {
  COHORT_RETURN_IF_ERROR(MakeParts());
  return StartServer(endpoints);
}

absl::Status Incarnation::MakeParts() {
  const std::string& run = start_.state.run;
  intake_.emplace(Intake::Options{run, number_, start_.state.step, Rules(inputs_)}, journal_.get());
  tasks_.emplace(config_, inputs_.data.prompts, number_);
  COHORT_ASSIGN_OR_RETURN(root_, MakeCollectiveRoot(config_, *trainer_));
  publisher_.emplace(number_, config_.algorithm().max_staleness(), root_.get());
  issuer_.emplace(TaskIssuer::Options{run, number_}, &queue_, &*tasks_, &*intake_, &process_.metrics, process_.stop);
  collector_.emplace(options_.patience, config_, &*intake_, &*issuer_, &process_.metrics, [this] { return publisher_->subscribers(); });
  return absl::OkStatus();
}

absl::Status Incarnation::StartServer(rpc::Endpoints& endpoints) {
  trajectories_.emplace(&*intake_);
  runs_.emplace(&feed_, &*intake_);
  process_.control.Begin(number_, start_.state.step);
  steering_.emplace(ControlServiceImpl::Parts{process_.control, budget_, window_, samples_});
  COHORT_ASSIGN_OR_RETURN(server_, rpc::Server::Start({.address = endpoints.grpc, .allow_remote = options_.allow_remote,
                                                       .services = {&*trajectories_, &*runs_, &*steering_, publisher_->service(), followers_.get()},
                                                       .metrics = &process_.registry}));
  endpoints.grpc = server_->listens_on();
  const rpc::Endpoints reached{server_->address(), endpoints.metrics};
  COHORT_RETURN_IF_ERROR(rpc::WriteEndpointFile(options_.endpoint_file, reached));
  COHORT_LOG(INFO) << "listens on " << endpoints.grpc << ", metrics on " << endpoints.metrics;
  registration_ = Register(options_, inputs_, reached, number_);
  return absl::OkStatus();
}

absl::Status Incarnation::RunLoop() {
  const RunClock clock(start_.state.elapsed_seconds);
  const TellEvent tell = [this](registry::v1::EventKind kind, const std::string& subject, const std::string& message) {
    if (registration_ != nullptr) registration_->Tell(kind, subject, message);
  };
  RunCheckpoints checkpoints({.config = &config_, .model = &inputs_.model, .trainer = trainer_.get(), .store = &checkpoints_, .journal = journal_.get(),
                              .reporter = reporter_.get(), .feed = &feed_, .metrics = &process_.metrics, .budget = &budget_, .control = &process_.control,
                              .clock = &clock, .tell = tell});
  LearnerLoop::Parts parts;
  parts.config = &config_;
  parts.trainer = trainer_.get();
  parts.tasks = &*tasks_;
  parts.issuer = &*issuer_;
  parts.collector = &*collector_;
  parts.intake = &*intake_;
  parts.checkpoints = &checkpoints;
  parts.clock = &clock;
  parts.reporter = reporter_.get();
  parts.publisher = &*publisher_;
  parts.root = root_.get();
  parts.feed = &feed_;
  parts.metrics = &process_.metrics;
  parts.budget = &budget_;
  parts.window = &window_;
  parts.control = &process_.control;
  parts.stop = process_.stop;
  if (config_.optimizer().data_parallel() > 1) parts.await_followers = [this](absl::Time deadline) { return followers_->WaitUntilComplete(deadline); };
  parts.tell = tell;
  return LearnerLoop(parts, start_.state, process_.directory.path()).Run();
}

absl::Status Incarnation::Train() {
  const sync::StopCallback stop_intake(process_.stop, [this] { intake_->Stop(); });
  server_->SetReady(true);
  const absl::Status result = RunLoop();
  process_.control.End();
  if (result.ok()) process_.stop.WaitUntil(options_.exit_when_done ? absl::Now() + kOutcomeVisible : absl::InfiniteFuture());
  const bool restarts = ErrorReason(result) == "QUEUE_LOST" || ErrorReason(result) == "BEGIN_AGAIN";
  if (!result.ok() && !restarts && !absl::IsCancelled(result)) ShowFailure(result);
  return result;
}

void Incarnation::ShowFailure(const absl::Status& status) {
  COHORT_LOG(ERROR) << "the run cannot go on: " << status.message();
  feed_.SetPhase(learner::v1::RUN_PHASE_FAILED, std::string(status.message()));
  process_.stop.WaitFor(kOutcomeVisible);
}

void Incarnation::ShutDown(bool finished) {
  server_->SetReady(false);
  intake_->Stop();
  feed_.Stop();
  publisher_->Shutdown();
  const bool run_done = finished && options_.exit_when_done;
  followers_->Dismiss(run_done, run_done ? "the run is done" : "the leader is stopping", absl::Now() + options_.grace);
  server_->Shutdown(absl::Now() + options_.grace);
  journal_.reset();
}

}  // namespace

absl::Status RunIncarnation(const LearnerProcess& process, queue::PromptQueue& queue, int64_t incarnation, rpc::Endpoints& endpoints) {
  Incarnation life(process, queue, incarnation);
  COHORT_RETURN_IF_ERROR(life.Restore());
  COHORT_RETURN_IF_ERROR(life.Serve(endpoints));
  const absl::Status result = life.Train();
  life.ShutDown(/*finished=*/result.ok());
  return result;
}

}  // namespace cohort::learner
