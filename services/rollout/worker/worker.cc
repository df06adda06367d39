#include "services/rollout/worker/worker.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/metrics/gpu_memory.h"
#include "common/metrics/metrics.h"
#include "common/metrics/process_metrics.h"
#include "common/model/arena_layout.h"
#include "common/model/checkpoint.h"
#include "common/model/model_config.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/redis/command_stats.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/server.h"
#include "common/status/exit_code.h"
#include "common/status/status_macros.h"
#include "common/text/tokenizer.h"
#include "services/rollout/worker/drain_control.h"
#include "services/rollout/worker/engine_loop.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/lease_keeper.h"
#include "services/rollout/worker/make_collectives.h"
#include "services/rollout/worker/make_engine.h"
#include "services/rollout/worker/presence.h"
#include "services/rollout/worker/rollout_service.h"
#include "services/rollout/worker/task_intake.h"
#include "services/rollout/worker/weight_source.h"
#include "services/rollout/worker/worker_metrics.h"

namespace cohort::rollout {
namespace {

// What an answer to calls in progress may take at the end.
constexpr absl::Duration kGoodbye = absl::Milliseconds(500);

// What a model directory gives. The weights are there in standalone workers only: others get them from the learner.
struct Model {
  model::ModelConfig config;
  std::optional<model::ArenaLayout> layout;
  std::shared_ptr<const model::Arena> weights;
  std::unique_ptr<text::Tokenizer> tokenizer;
};

absl::StatusOr<Model> LoadModel(const WorkerOptions& options) {
  Model model;
  if (options.standalone) {
    COHORT_ASSIGN_OR_RETURN(model::LoadedModel loaded, model::LoadCheckpoint(options.model));
    model.config = std::move(loaded.config);
    model.layout = std::move(loaded.layout);
    model.weights = std::move(loaded.weights);
  } else {
    COHORT_ASSIGN_OR_RETURN(model.config, model::LoadModelConfig(options.model));
    COHORT_ASSIGN_OR_RETURN(model.layout, model::ArenaLayout::Create(model.config));
  }
  COHORT_ASSIGN_OR_RETURN(model.tokenizer, text::Tokenizer::Load(options.model));
  return model;
}

absl::StatusOr<std::unique_ptr<WeightSource>> MakeWeights(const WorkerOptions& options, const Model& model, policy::WeightSink* sink, WorkerMetrics& metrics) {
  if (options.standalone) {
    auto snapshot = std::make_shared<policy::PolicySnapshot>();
    snapshot->weights = model.weights;
    return MakeFixedWeights(std::move(snapshot));
  }
  SubscribedWeightsOptions subscription{options.learner, options.name, model.layout->size(), sink};
  subscription.metrics = &metrics.registry();
  subscription.on_arrival = [&metrics](int64_t bytes, absl::Duration took) { metrics.ObserveWeights(bytes, took); };
  if (sink != nullptr) {
    COHORT_ASSIGN_OR_RETURN(subscription.collectives, MakeCollectives(options.gpu));
  }
  return MakeSubscribedWeights(subscription);
}

absl::StatusOr<std::unique_ptr<queue::PromptQueue>> OpenQueue(const WorkerOptions& options) {
  queue::QueueOptions queue_options;
  queue_options.run_id = options.run;
  queue_options.consumer = options.name;
  queue_options.lease = options.lease();
  queue_options.max_attempts = options.max_attempts;
  return queue::RedisPromptQueue::Open(options.redis, queue_options, absl::Now() + absl::Seconds(options.start_timeout_seconds));
}

// The parts that only a worker with a queue has, in the order of their dependence.
struct QueueSide {
  QueueSide(const WorkerOptions& options, std::unique_ptr<queue::PromptQueue> queue_in, const text::Tokenizer& tokenizer, WorkerMetrics& metrics)
      : queue(std::move(queue_in)),
        leases(*queue, options.lease()),
        finisher({options.name, options.learner, options.reward, options.format, options.think_prefilled, options.policy, options.auxiliary,
                  options.finishers},
                 tokenizer, *queue, leases, metrics) {}

  std::unique_ptr<queue::PromptQueue> queue;
  LeaseKeeper leases;
  GroupFinisher finisher;
};

// Hands in what has been generated, as far as that is done by `deadline`.
void HandIn(absl::Time deadline, QueueSide* queue_side) {
  if (queue_side == nullptr || queue_side->finisher.WaitUntilDone(deadline)) return;
  COHORT_LOG(WARNING) << queue_side->finisher.in_progress() << " groups could not be handed in; they are given back";
  queue_side->finisher.Abandon();
  queue_side->finisher.WaitUntilDone(absl::Now() + 2 * kGoodbye);
}

}  // namespace

absl::Status RunWorker(const WorkerOptions& options, const sync::StopToken& stop) {
  COHORT_ASSIGN_OR_RETURN(const Model model, LoadModel(options));
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, MakeEngine(options, model.config, *model.layout));
  metrics::Registry registry;
  const auto process_metrics = metrics::ExportProcessMetrics(registry, "rollout");
  const auto redis_metrics = redis::ExportRedisMetrics(registry);
  const auto gpu_metrics = metrics::ExportGpuMemory(registry, engine->gpu());
  WorkerMetrics metrics(registry);
  COHORT_ASSIGN_OR_RETURN(const int metrics_port, registry.Serve(options.metrics_listen));
  std::unique_ptr<QueueSide> queue_side;
  if (!options.standalone) {
    COHORT_ASSIGN_OR_RETURN(std::unique_ptr<queue::PromptQueue> queue, OpenQueue(options));
    queue_side = std::make_unique<QueueSide>(options, std::move(queue), *model.tokenizer, metrics);
  }
  GroupFinisher* finisher = queue_side == nullptr ? nullptr : &queue_side->finisher;
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<WeightSource> weights, MakeWeights(options, model, engine->sink(), metrics));

  EngineLoop::Options loop_options;
  loop_options.group_size = options.group_size;
  loop_options.patience = options.lease() / 3;
  sync::StopSource failed;
  loop_options.on_failure = [failed]() mutable { failed.RequestStop(); };
  EngineLoop loop(std::move(engine), *weights, finisher, metrics, std::move(loop_options));
  DrainControl drain(loop, absl::Seconds(options.grace_seconds));
  RolloutServiceImpl::Parts shown{loop, *model.tokenizer, metrics};
  if (queue_side != nullptr) {
    shown.finisher = finisher;
    shown.leases = &queue_side->leases;
    shown.drain = &drain;
  }
  RolloutServiceImpl service(options.name, shown);
  rpc::Server::Options server_options;
  server_options.address = options.listen;
  server_options.allow_remote = options.allow_remote;
  server_options.services = {&service};
  server_options.metrics = &registry;
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<rpc::Server> server, rpc::Server::Start(server_options));
  const rpc::Endpoints endpoints = {server->address(), rpc::WithPort(options.metrics_listen, metrics_port)};
  auto presence = std::make_unique<Presence>(Presence::Parts{options, loop, *weights, metrics, *server, shown.finisher, shown.leases, shown.drain},
                                             endpoints);
  std::unique_ptr<TaskIntake> intake;
  if (queue_side != nullptr) intake = std::make_unique<TaskIntake>(*queue_side->queue, queue_side->leases, loop);
  COHORT_RETURN_IF_ERROR(rpc::WriteEndpointFile(options.endpoint_file, endpoints));
  COHORT_LOG(INFO) << "serves on " << server->listens_on() << ", metrics on " << endpoints.metrics;

  const sync::StopCallback on_stop(stop, [&drain] { drain.Drain("asked to stop", absl::ZeroDuration(), /*stay=*/false); });
  const sync::StopCallback on_failure(failed.token(), [&drain] { drain.Drain("the engine failed", absl::ZeroDuration(), /*stay=*/false); });
  drain.ends().WaitUntil(absl::InfiniteFuture());
  COHORT_LOG(INFO) << "stops; groups in progress have " << drain.grace();
  const absl::Time deadline = absl::Now() + drain.grace();
  if (intake != nullptr) intake->Stop();
  if (loop.failure().ok()) loop.Drain(deadline);
  HandIn(deadline, queue_side.get());
  // Nothing is taken apart then: whoever lets go of a GPU that has failed, or of a broadcast on it, may wait forever.
  if (const absl::Status failure = loop.failure(); !failure.ok()) std::_Exit(ToExitCode(failure));
  presence.reset();
  server->Shutdown(absl::Now() + kGoodbye);
  return absl::OkStatus();
}

}  // namespace cohort::rollout
