#include "services/learner/server/learner_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/metrics/gpu_memory.h"
#include "common/registry/record.h"
#include "common/registry/registration.h"
#include "common/rpc/server.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/control/control_service.h"
#include "services/learner/follow/distributed_policy_model.h"
#include "services/learner/follow/follower_pool.h"
#include "services/learner/follow/messages.h"
#include "services/learner/intake/trajectory_service.h"
#include "services/learner/loop/learner_loop.h"
#include "services/learner/observe/run_service.h"
#include "services/learner/server/make_collective_root.h"

namespace cohort::learner {
namespace {

// How long a run that ends by itself can still be asked how it went.
constexpr absl::Duration kOutcomeVisible = absl::Seconds(2);

// A trainer that stands where `checkpoint` says, or at the initial model.
absl::StatusOr<std::unique_ptr<Trainer>> MakeTrainer(const RunInputs& inputs, const std::optional<Checkpoint>& checkpoint, FollowerPool* followers) {
  Trainer::Distribute distribute;
  if (inputs.config.optimizer().data_parallel() > 1) {
    distribute = [&](std::unique_ptr<PolicyModel> local) {
      return std::make_unique<DistributedPolicyModel>(std::move(local), followers, inputs.model.layout.size());
    };
  }
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer, Trainer::Create(inputs.config, inputs.model, distribute));
  if (!checkpoint.has_value()) return trainer;
  COHORT_ASSIGN_OR_RETURN(const model::LoadedModel restored, model::LoadCheckpoint(checkpoint->path));
  COHORT_RETURN_IF_ERROR(trainer->Restore(*restored.weights, checkpoint->path + "/optimizer.safetensors"));
  return trainer;
}

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

// Goes back to the checkpoint of `step`. Safe to repeat after a kill at any place: the order is forgotten last.
absl::Status RollBack(int64_t step, const RunDirectory& directory, CheckpointStore& checkpoints, RunControl& control) {
  COHORT_RETURN_IF_ERROR(io::RemoveTree(directory / "journal"));  // Groups of steps that are taken back.
  COHORT_RETURN_IF_ERROR(checkpoints.DropAfter(step));
  COHORT_RETURN_IF_ERROR(control.RolledBack(step));
  COHORT_LOG(WARNING) << "rolled back to step " << step << (checkpoints.latest().empty() ? ", the initial model" : absl::StrCat(": ", checkpoints.latest()));
  return absl::OkStatus();
}

RunState StartState(const RunInputs& inputs, const std::optional<Checkpoint>& checkpoint, int64_t incarnation) {
  RunState state;
  if (checkpoint.has_value()) state = checkpoint->state;
  state.run = inputs.config.run().name();
  state.fingerprint = inputs.identity.fingerprint;
  state.incarnation = incarnation;
  return state;
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

// Tells people why the run failed, for as long as they may ask.
void ShowFailure(RunFeed& feed, const absl::Status& status, const sync::StopToken& stop) {
  COHORT_LOG(ERROR) << "the run cannot go on: " << status.message();
  feed.SetPhase(learner::v1::RUN_PHASE_FAILED, std::string(status.message()));
  stop.WaitFor(kOutcomeVisible);
}

}  // namespace

absl::Status RunIncarnation(const LearnerOptions& options, const RunInputs& inputs, RunDirectory& directory, RunControl& control,
                            queue::PromptQueue& queue, int64_t incarnation, metrics::Registry& registry, StepMetrics& step_metrics, rpc::Endpoints& endpoints,
                            const sync::StopToken& stop) {
  metrics::TimeBudget budget("starting", &registry, "cohort_learner_time_seconds_total");
  CheckpointStore checkpoints(StoreOptions(inputs, directory));
  BudgetWindow window(budget);
  COHORT_ASSIGN_OR_RETURN(std::optional<Checkpoint> checkpoint, checkpoints.FindLatest());
  if (const int64_t step = control.PendingRollback(); step >= 0) {
    COHORT_RETURN_IF_ERROR(RollBack(step, directory, checkpoints, control));
    COHORT_ASSIGN_OR_RETURN(checkpoint, checkpoints.FindLatest());
  }
  FollowerPool followers(FollowerOptions(options, inputs, incarnation), &registry);
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, MakeTrainer(inputs, checkpoint, &followers));
  const auto gpu_metrics = metrics::ExportGpuMemory(registry, trainer->gpu());
  COHORT_RETURN_IF_ERROR(directory.SetIncarnation(incarnation));
  const RunState start = StartState(inputs, checkpoint, incarnation);
  log::SetContext(absl::StrCat("run=", start.run, " incarnation=", incarnation));

  RunFeed feed;
  SampleFeed samples;
  feed.Update([&](learner::v1::GetRunResponse& state) {
    state.set_run_id(start.run);
    state.set_steps_total(inputs.config.run().steps());
    state.set_incarnation(incarnation);
    state.set_checkpoint(checkpoints.latest());
  });
  COHORT_ASSIGN_OR_RETURN(const auto reporter, StepReporter::Open(directory.path(), start.step, inputs.config.rollout().max_new_tokens(), &feed,
                                                                  &step_metrics, &samples));
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal, Journal::Open({directory / "journal"}, start.step));
  COHORT_LOG(INFO) << (checkpoint.has_value() ? absl::StrCat("goes on from ", checkpoint->path) : "starts from the initial model") << " with step "
                   << start.step << "; " << journal->recovered() << " groups are in the journal already";
  Intake intake({start.run, incarnation, start.step, Rules(inputs)}, journal.get());
  TaskBuilder tasks(inputs.config, inputs.data.prompts, incarnation);
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<policy::CollectiveRoot> root, MakeCollectiveRoot(inputs.config, *trainer));
  policy::PolicyPublisher publisher(incarnation, inputs.config.algorithm().max_staleness(), root.get());
  TaskIssuer issuer({start.run, incarnation}, &queue, &tasks, &intake, &step_metrics, stop);
  StepCollector collector(options.patience, inputs.config, &intake, &issuer, &step_metrics, [&publisher] { return publisher.subscribers(); });

  TrajectoryServiceImpl trajectories(&intake);
  RunServiceImpl runs(&feed, &intake);
  control.Begin(incarnation, start.step);
  ControlServiceImpl steering({control, budget, window, samples});
  COHORT_ASSIGN_OR_RETURN(const auto server, rpc::Server::Start({.address = endpoints.grpc, .allow_remote = options.allow_remote,
                                                                   .services = {&trajectories, &runs, &steering, publisher.service(), &followers}, .metrics = &registry}));
  endpoints.grpc = server->listens_on();
  const rpc::Endpoints reached{server->address(), endpoints.metrics};
  COHORT_RETURN_IF_ERROR(rpc::WriteEndpointFile(options.endpoint_file, reached));
  COHORT_LOG(INFO) << "listens on " << endpoints.grpc << ", metrics on " << endpoints.metrics;

  const auto registration = Register(options, inputs, reached, incarnation);
  LearnerLoop::Parts parts;
  parts.config = &inputs.config;
  parts.model = &inputs.model;
  parts.trainer = trainer.get();
  parts.tasks = &tasks;
  parts.issuer = &issuer;
  parts.collector = &collector;
  parts.intake = &intake;
  parts.journal = journal.get();
  parts.checkpoints = &checkpoints;
  parts.reporter = reporter.get();
  parts.publisher = &publisher;
  parts.root = root.get();
  parts.feed = &feed;
  parts.metrics = &step_metrics;
  parts.budget = &budget;
  parts.window = &window;
  parts.control = &control;
  parts.stop = stop;
  if (inputs.config.optimizer().data_parallel() > 1) parts.await_followers = [&followers](absl::Time deadline) { return followers.WaitUntilComplete(deadline); };
  parts.tell = [&registration](registry::v1::EventKind kind, const std::string& subject, const std::string& message) {
    if (registration != nullptr) registration->Tell(kind, subject, message);
  };
  absl::Status result;
  bool finished = false;
  {
    const sync::StopCallback stop_intake(stop, [&intake] { intake.Stop(); });
    server->SetReady(true);
    result = LearnerLoop(parts, start, directory.path()).Run();
    control.End();
    if (result.ok()) stop.WaitUntil(options.exit_when_done ? absl::Now() + kOutcomeVisible : absl::InfiniteFuture());
    finished = result.ok();
    const bool restarts = ErrorReason(result) == "QUEUE_LOST" || ErrorReason(result) == "BEGIN_AGAIN";
    if (!result.ok() && !restarts && !absl::IsCancelled(result)) ShowFailure(feed, result, stop);
  }
  server->SetReady(false);
  intake.Stop();
  feed.Stop();
  publisher.Shutdown();
  const bool run_done = finished && options.exit_when_done;
  followers.Dismiss(run_done, run_done ? "the run is done" : "the leader is stopping", absl::Now() + options.grace);
  server->Shutdown(absl::Now() + options.grace);
  journal.reset();
  return result;
}

}  // namespace cohort::learner
