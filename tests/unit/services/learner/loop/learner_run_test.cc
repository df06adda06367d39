// Whole runs of the learner in this process: real trainer, journal, checkpoints and gRPC, an in-memory queue, scripted workers.
#include "services/learner/server/learner_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/crc32c.h"
#include "common/io/files.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "proto/cohort/learner/v1/run_service.grpc.pb.h"
#include "tests/unit/services/learner/checkpoint/tiny_checkpoint.h"
#include "tests/unit/services/learner/loop/scripted_worker.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::HasSubstr;
using nlohmann::json;

constexpr int64_t kSteps = 6;
constexpr int64_t kPrompts = 3;

config::v1::RunConfig Config() {
  config::v1::RunConfig config;
  config.mutable_run()->set_name("run");
  config.mutable_run()->set_seed(3);
  config.mutable_run()->set_steps(kSteps);
  config.mutable_reward()->set_accuracy_weight(1);
  config.mutable_reward()->set_format_weight(1);
  auto& rollout = *config.mutable_rollout();
  rollout.set_temperature(1);
  rollout.set_top_p(1);
  rollout.set_max_new_tokens(8);
  auto& algorithm = *config.mutable_algorithm();
  algorithm.set_prompts_per_step(kPrompts);
  algorithm.set_group_size(4);
  algorithm.set_minibatches(2);
  algorithm.set_advantage(config::v1::ADVANTAGE_GRPO);
  algorithm.set_aggregation(config::v1::AGGREGATION_TOKEN_MEAN);
  algorithm.set_clip_low(0.2);
  algorithm.set_clip_high(0.2);
  algorithm.set_kl_coefficient(0.01);
  algorithm.set_kl_estimator(config::v1::KL_ESTIMATOR_K3);
  algorithm.set_reference_refresh_steps(3);
  algorithm.set_importance_correction(config::v1::IMPORTANCE_CORRECTION_NONE);
  algorithm.set_importance_cap(2);
  algorithm.set_max_refill_waves(3);
  auto& optimizer = *config.mutable_optimizer();
  optimizer.set_learning_rate(1e-2);
  optimizer.set_schedule(config::v1::LEARNING_RATE_SCHEDULE_LINEAR);
  optimizer.set_final_ratio(0.1);
  optimizer.set_beta1(0.9);
  optimizer.set_beta2(0.95);
  optimizer.set_epsilon(1e-8);
  optimizer.set_max_grad_norm(1);
  optimizer.set_threads(1);
  optimizer.set_micro_batch_tokens(1024);
  config.mutable_checkpoint()->set_every_steps(2);
  config.mutable_checkpoint()->set_keep_last(2);
  config.mutable_evaluation()->add_self_check_words("wait");
  return config;
}

std::vector<json> Lines(const std::string& path) {
  std::vector<json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  return lines;
}

// Holds the next checkpoint of a run up in the middle: a file of the model, which every checkpoint copies, is a pipe that nobody writes to.
class SlowCheckpoint {
 public:
  explicit SlowCheckpoint(const std::string& model_directory) : pipe_(model_directory + "/merges.txt") {}
  ~SlowCheckpoint() { GoOn(); }

  // Call it while no checkpoint is being written.
  void Arm() { EXPECT_EQ(mkfifo(pipe_.c_str(), 0600), 0); }
  // Returns when the checkpoint is being written.
  void Await() {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while ((end_ = open(pipe_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_GE(end_, 0) << "no checkpoint is being written";
  }
  void GoOn() {
    unlink(pipe_.c_str());
    if (end_ >= 0) close(std::exchange(end_, -1));
  }

 private:
  const std::string pipe_;
  int end_ = -1;
};

// A run directory and the learners that work in it, one after the other.
class LearnerRunTest : public ::testing::Test {
 protected:
  // Everything about one run.
  struct TestRun {
    TempDir directory;
    RunInputs inputs;
    std::shared_ptr<queue::InMemoryQueueState> queue = std::make_shared<queue::InMemoryQueueState>();
    metrics::Registry registry;
    StepMetrics metrics{registry};
    ScriptedWorker::Options worker;
    std::function<bool(const learner::v1::GetRunResponse&)> stop_when;  // Besides the end and `stop_at`.
    std::atomic<int64_t> hold = std::numeric_limits<int64_t>::max();     // Workers keep groups of this step and later back.
  };

  void Prepare(TestRun& run, const config::v1::RunConfig& config = Config()) {
    run.inputs.config = config;
    run.inputs.model = RandomModel({}, 1);
    ASSERT_OK(WriteTinyCheckpoint(run.directory / "model-source", run.inputs.model));
    run.inputs.config.mutable_model()->set_path(run.directory / "model-source");
    for (int i = 0; i < 10; ++i) run.inputs.data.prompts.push_back({{2 + i, 3, 4}, absl::StrCat("prompt ", i), absl::StrCat(i), absl::StrCat("data:", i + 1), ""});
    run.inputs.identity = {"run", "fingerprint", 1, 2};
    run.worker.arena_elements = run.inputs.model.layout.size();
  }

  std::unique_ptr<queue::PromptQueue> Queue(TestRun& run, const std::string& consumer) {
    return std::make_unique<queue::InMemoryPromptQueue>(run.queue, queue::QueueOptions{.run_id = "run", .consumer = consumer});
  }

  // Runs a learner with `workers` until the run has finished or failed, or has reached `stop_at` steps; returns how it ended.
  absl::Status Learn(TestRun& run, int workers = 1, int64_t stop_at = 1000) {
    LearnerOptions options;
    options.endpoint_file = run.directory / "endpoint.json";
    options.patience.poll = absl::Milliseconds(50);
    options.patience.reconcile_after = absl::Milliseconds(200);
    std::filesystem::remove(options.endpoint_file);
    auto directory = RunDirectory::Open(run.directory / "run", run.inputs.identity, /*resume=*/true);
    EXPECT_THAT(directory, IsOk());
    const auto queue = Queue(run, "learner");
    const auto incarnation = queue->BeginIncarnation(absl::Now() + absl::Seconds(5));
    sync::StopSource stop;
    options.allow_remote = true;
    rpc::Endpoints endpoints{listen_, ""};
    absl::Status result;
    sync::Thread learner("learner", [&] {
      const auto control = RunControl::Open((*directory)->path(), run.inputs.config, [](const std::string& setting) {
        return setting == "algorithm.max_staleness=65" ? absl::InvalidArgumentError("at most 64") : absl::OkStatus();
      });
      run.inputs.config = (*control)->EffectiveConfig();
      result = RunIncarnation({options, run.inputs, **directory, **control, run.registry, run.metrics, stop.token()}, *queue, *incarnation, endpoints);
      ended_ = true;
    });
    Attend(run, options.endpoint_file, workers, stop_at);
    stop.RequestStop();
    learner.Join();
    listened_on_ = endpoints.grpc;
    return absl::IsCancelled(result) ? absl::OkStatus() : result;  // Whether the run had finished when it was stopped is not the question.
  }

  // Plays the workers and watches the run.
  void Attend(TestRun& run, const std::string& endpoint_file, int workers, int64_t stop_at) {
    ended_ = false;
    const absl::Time deadline = absl::Now() + absl::Seconds(40);
    while (!std::filesystem::exists(endpoint_file)) {
      ASSERT_LT(absl::Now(), deadline);
      if (ended_) return;
      absl::SleepFor(absl::Milliseconds(5));
    }
    const auto channel = rpc::Connect(json::parse(*io::ReadFile(endpoint_file))["grpc"]);
    std::vector<std::unique_ptr<ScriptedWorker>> crew;
    for (int i = 0; i < workers; ++i) {
      run.worker.name = absl::StrCat("worker-", i);
      crew.push_back(std::make_unique<ScriptedWorker>(channel, Queue(run, run.worker.name), run.worker));
    }
    const auto stub = learner::v1::RunService::NewStub(channel);
    for (;;) {
      ASSERT_LT(absl::Now(), deadline) << "the run does not end";
      grpc::ClientContext context;
      rpc::SetDeadline(context, absl::Now() + absl::Seconds(5));
      learner::v1::GetRunResponse state;
      if (!stub->GetRun(&context, {}, &state).ok()) return;
      last_ = state;
      if (run.stop_when && run.stop_when(state)) return;
      if (state.phase() == learner::v1::RUN_PHASE_FINISHED || state.phase() == learner::v1::RUN_PHASE_FAILED || state.steps_done() >= stop_at) return;
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  // The control of the learner that runs.
  std::unique_ptr<v1::ControlService::Stub> Steering(const TestRun& run) {
    return v1::ControlService::NewStub(rpc::Connect(json::parse(*io::ReadFile(run.directory / "endpoint.json"))["grpc"]));
  }
  template <typename Request, typename Response>
  absl::Status Order(const TestRun& run, grpc::Status (v1::ControlService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                     const Request& request, Response* response) {
    grpc::ClientContext context;
    rpc::SetDeadline(context, absl::Now() + absl::Seconds(5));
    return rpc::FromGrpc((Steering(run).get()->*method)(&context, request, response));
  }
  v1::GetControlResponse Control(const TestRun& run) {
    v1::GetControlResponse control;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::GetControl, v1::GetControlRequest(), &control));
    return control;
  }
  // Has the learner wait for groups when `step` steps are done, until Release(): so that orders come neither too early nor too late.
  static void HoldAt(TestRun& run, int64_t step) {
    run.hold = step;
    run.worker.edit = [&run](const queue::Lease& lease, learner::v1::Group&) {
      while (lease.task.step() >= run.hold) absl::SleepFor(absl::Milliseconds(1));
      return true;
    };
  }
  static void Release(TestRun& run) { run.hold = std::numeric_limits<int64_t>::max(); }
  static bool Held(const TestRun& run, const learner::v1::GetRunResponse& state) { return state.steps_done() == run.hold; }

  // Pauses the learner, which is held, and returns once it has stopped.
  void Pause(const TestRun& run) {
    v1::PauseRunResponse response;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::PauseRun, v1::PauseRunRequest(), &response));
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (!Control(run).paused() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(Control(run).paused());
  }
  // The steps of the checkpoints that a rollback may name.
  std::vector<int64_t> Listed(const TestRun& run) {
    v1::ListCheckpointsResponse list;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::ListCheckpoints, v1::ListCheckpointsRequest(), &list));
    std::vector<int64_t> steps;
    for (const auto& checkpoint : list.checkpoints()) steps.push_back(checkpoint.step());
    return steps;
  }
  void AwaitListed(const TestRun& run, const std::vector<int64_t>& steps) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Listed(run) != steps && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_EQ(Listed(run), steps);
  }
  // HoldAt(`run`, 4), where the checkpoint of step 4 is held up. The worker waits until that of step 2 is there.
  static void HoldAtACheckpoint(TestRun& run, SlowCheckpoint& slow) {
    HoldAt(run, 4);
    run.worker.edit = [&run, &slow, hold = run.worker.edit, armed = false](const queue::Lease& lease, learner::v1::Group& group) mutable {
      while (lease.task.step() == 3 && !std::filesystem::exists(run.directory / "run/checkpoints/step-000002")) absl::SleepFor(absl::Milliseconds(1));
      if (lease.task.step() == 3 && !std::exchange(armed, true)) slow.Arm();
      return hold(lease, group);
    };
  }
  void Resume(const TestRun& run) {
    v1::ResumeRunResponse response;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::ResumeRun, v1::ResumeRunRequest(), &response));
  }

  // What the curve of a run is compared by: all that does not measure time.
  static std::vector<std::string> Curve(const TestRun& run) {
    std::vector<std::string> curve;
    for (json line : Lines(run.directory / "run/steps.jsonl")) {
      for (const char* key : {"elapsed_seconds", "step_seconds", "wait_seconds", "update_seconds", "publish_seconds", "checkpoint_seconds",
                              "tokens_per_second", "duplicates", "stale_rejected"}) {
        line.erase(key);
      }
      curve.push_back(line.dump());
    }
    return curve;
  }
  static std::string Weights(const TestRun& run) { return *io::ReadFile(run.directory / "run/model/model.safetensors"); }

  static void ExpectTrainedExactlyOnce(const TestRun& run, int64_t steps = kSteps) {
    std::set<std::string> ids;
    const std::vector<json> ledger = Lines(run.directory / "run/ledger.jsonl");
    for (const json& line : ledger) {
      EXPECT_EQ(line["outcome"], "trained");
      EXPECT_EQ(line["update"], line["step"].get<int64_t>() + 1);
      ids.insert(line["group_id"]);
    }
    EXPECT_EQ(ledger.size(), static_cast<size_t>(steps * kPrompts));
    EXPECT_EQ(ids.size(), ledger.size());
  }

  std::atomic<bool> ended_{false};
  learner::v1::GetRunResponse last_;
  std::string listen_ = "127.0.0.1:0";
  std::string listened_on_;  // What the next incarnation would listen on.
};

TEST_F(LearnerRunTest, TheNextIncarnationListensWhereThisOneDid) {
  TestRun run;
  Prepare(run);
  listen_ = "0.0.0.0:0";
  ASSERT_OK(Learn(run, 1, /*stop_at=*/1));
  const std::string endpoint = json::parse(*io::ReadFile(run.directory / "endpoint.json"))["grpc"];
  EXPECT_EQ(listened_on_, "0.0.0.0" + endpoint.substr(endpoint.rfind(':')));
}

TEST_F(LearnerRunTest, ARunLeavesACheckpointAModelAndItsRecords) {
  TestRun run;
  Prepare(run);
  ASSERT_OK(Learn(run));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  EXPECT_EQ(last_.steps_done(), kSteps);
  EXPECT_EQ(last_.policy_version(), kSteps);
  EXPECT_THAT(last_.checkpoint(), HasSubstr("step-000006"));
  ExpectTrainedExactlyOnce(run);
  const std::vector<json> steps = Lines(run.directory / "run/steps.jsonl");
  ASSERT_EQ(steps.size(), static_cast<size_t>(kSteps));
  for (const json& step : steps) {
    EXPECT_EQ(step["samples"], kPrompts * 4);
    EXPECT_EQ(step["self_check"], 0.25);
    EXPECT_GT(step["tokens"], 0);
    EXPECT_GT(step["grad_norm"], 0);
    EXPECT_GT(step["logprob_diff_mean"], 0);
    EXPECT_EQ(step["staleness_max"], 0);
  }
  EXPECT_GT(steps[2]["checkpoint_seconds"], 0);
  EXPECT_EQ(steps[3]["checkpoint_seconds"], 0);
  EXPECT_EQ(Lines(run.directory / "run/samples.jsonl").size(), static_cast<size_t>(kSteps * 4));
  EXPECT_OK(model::LoadCheckpoint(run.directory / "run/model"));
  EXPECT_FALSE(std::filesystem::is_empty(run.directory / "run/tensorboard"));
  EXPECT_THAT(run.registry.Expose(), HasSubstr("cohort_learner_steps_total 6"));
  EXPECT_THAT(run.registry.Expose(), HasSubstr("activity=\"waiting_for_groups\""));
}

TEST_F(LearnerRunTest, TheCurveDoesNotDependOnHowManyWorkersThereAre) {
  TestRun one;
  TestRun three;
  Prepare(one);
  Prepare(three);
  ASSERT_OK(Learn(one, 1));
  ASSERT_OK(Learn(three, 3));
  EXPECT_EQ(Curve(one), Curve(three));
  EXPECT_EQ(Weights(one), Weights(three));
}

TEST_F(LearnerRunTest, AStoppedRunGoesOnToTheSameBits) {
  TestRun undisturbed;
  TestRun stopped;
  Prepare(undisturbed);
  Prepare(stopped);
  ASSERT_OK(Learn(undisturbed));
  ASSERT_OK(Learn(stopped, 1, /*stop_at=*/1));
  ASSERT_OK(Learn(stopped, 2, /*stop_at=*/4));
  ASSERT_OK(Learn(stopped));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  EXPECT_EQ(Curve(undisturbed), Curve(stopped));
  EXPECT_EQ(Weights(undisturbed), Weights(stopped));
  ExpectTrainedExactlyOnce(stopped);
}

TEST_F(LearnerRunTest, ARunWhoseNewestCheckpointsAreLostStillEndsInTheSameBits) {
  TestRun undisturbed;
  TestRun damaged;
  Prepare(undisturbed);
  Prepare(damaged);
  ASSERT_OK(Learn(undisturbed));
  ASSERT_OK(Learn(damaged, 1, /*stop_at=*/5));
  for (const auto& entry : std::filesystem::directory_iterator(damaged.directory / "run/checkpoints")) {
    ASSERT_OK(io::WriteFileDurably(entry.path().string() + "/model.safetensors", "damaged"));
  }
  ASSERT_OK(Learn(damaged));
  EXPECT_EQ(Curve(undisturbed), Curve(damaged));
  EXPECT_EQ(Weights(undisturbed), Weights(damaged));
  ExpectTrainedExactlyOnce(damaged);
}

TEST_F(LearnerRunTest, APausedRunUpdatesNothingAndGoesOnToTheSameBits) {
  TestRun undisturbed;
  TestRun paused;
  Prepare(undisturbed);
  Prepare(paused);
  ASSERT_OK(Learn(undisturbed));
  HoldAt(paused, 2);
  paused.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(paused, state)) return false;
    Pause(paused);
    Release(paused);  // The groups of step 2 come; nothing happens.
    absl::SleepFor(absl::Milliseconds(200));
    const v1::GetControlResponse control = Control(paused);
    EXPECT_EQ(control.step(), 2);
    double wall = 0, pause = 0;
    for (const auto& one : control.time_budget()) {
      wall += one.seconds();
      if (one.activity() == "paused") pause = one.seconds();
    }
    EXPECT_GE(pause, 0.2);
    EXPECT_LE(pause, wall);
    Resume(paused);
    return false;
  };
  ASSERT_OK(Learn(paused));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  EXPECT_EQ(Curve(undisturbed), Curve(paused));
  EXPECT_EQ(Weights(undisturbed), Weights(paused));
}

TEST_F(LearnerRunTest, APauseHoldsOverARestart) {
  TestRun run;
  Prepare(run);
  HoldAt(run, 2);
  run.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(run, state)) return false;
    Pause(run);
    Release(run);
    return true;
  };
  ASSERT_OK(Learn(run));
  run.stop_when = [&](const learner::v1::GetRunResponse&) {
    if (!Control(run).paused()) return false;
    EXPECT_EQ(Control(run).step(), 2);
    Resume(run);
    run.stop_when = nullptr;
    return false;
  };
  ASSERT_OK(Learn(run));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  ExpectTrainedExactlyOnce(run);
}

TEST_F(LearnerRunTest, AnOrderedCheckpointIsWrittenAlsoWhileTheRunIsPaused) {
  TestRun run;
  Prepare(run);
  run.inputs.config.mutable_checkpoint()->set_every_steps(100);
  HoldAt(run, 2);
  run.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(run, state)) return false;
    Pause(run);
    Release(run);
    v1::RequestCheckpointResponse ordered;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::RequestCheckpoint, v1::RequestCheckpointRequest(), &ordered));
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Control(run).checkpoint_tried() < ordered.step() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_EQ(Control(run).checkpoint_error(), "");
    v1::ListCheckpointsResponse list;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::ListCheckpoints, v1::ListCheckpointsRequest(), &list));
    EXPECT_EQ(list.checkpoints_size(), 1);
    EXPECT_EQ(list.checkpoints(0).step(), ordered.step());
    Resume(run);
    return false;
  };
  ASSERT_OK(Learn(run));
}

TEST_F(LearnerRunTest, ARollbackDoesTheSameStepsAgain) {
  TestRun undisturbed;
  TestRun back;
  Prepare(undisturbed);
  Prepare(back);
  ASSERT_OK(Learn(undisturbed));
  HoldAt(back, 5);
  back.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(back, state)) return false;
    v1::RollbackPolicyRequest request;
    v1::RollbackPolicyResponse response;
    request.set_step(3);
    EXPECT_THAT(Order(back, &v1::ControlService::Stub::RollbackPolicy, request, &response), testing::HasReason("NO_CHECKPOINT"));
    request.set_step(2);
    EXPECT_OK(Order(back, &v1::ControlService::Stub::RollbackPolicy, request, &response));
    Release(back);
    return false;
  };
  ASSERT_THAT(Learn(back), testing::HasReason("BEGIN_AGAIN"));
  HoldAt(back, 3);
  bool went_back = false;
  back.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(back, state)) return false;
    went_back = !std::filesystem::exists(back.directory / "run/checkpoints/step-000004");
    Release(back);
    return false;
  };
  ASSERT_OK(Learn(back));
  EXPECT_TRUE(went_back);
  back.stop_when = nullptr;
  ASSERT_OK(Learn(back));
  EXPECT_EQ(Curve(undisturbed), Curve(back));
  EXPECT_EQ(Weights(undisturbed), Weights(back));
  ExpectTrainedExactlyOnce(back);
}

TEST_F(LearnerRunTest, ACheckpointIsListedOnceItIsWrittenThoughTheStepStillWaits) {
  TestRun run;
  Prepare(run);
  HoldAt(run, 2);
  run.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(run, state)) return false;
    AwaitListed(run, {2});
    Release(run);
    return true;
  };
  ASSERT_OK(Learn(run));
}

TEST_F(LearnerRunTest, APausedRunListsTheCheckpointThatWasBeingWrittenWhenItPaused) {
  TestRun run;
  Prepare(run);
  SlowCheckpoint slow(run.directory / "model-source");
  HoldAtACheckpoint(run, slow);
  run.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(run, state)) return false;
    slow.Await();
    v1::PauseRunResponse response;
    EXPECT_OK(Order(run, &v1::ControlService::Stub::PauseRun, v1::PauseRunRequest(), &response));
    EXPECT_EQ(Listed(run), std::vector<int64_t>({2}));
    slow.GoOn();
    AwaitListed(run, {2, 4});
    Release(run);
    Resume(run);
    return false;
  };
  ASSERT_OK(Learn(run));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
}

TEST_F(LearnerRunTest, ARollbackIsOrderedWhileACheckpointIsBeingWritten) {
  TestRun undisturbed;
  TestRun back;
  Prepare(undisturbed);
  Prepare(back);
  ASSERT_OK(Learn(undisturbed));
  SlowCheckpoint slow(back.directory / "model-source");
  HoldAtACheckpoint(back, slow);
  back.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(back, state)) return false;
    slow.Await();
    v1::RollbackPolicyRequest request;
    v1::RollbackPolicyResponse response;
    request.set_step(2);
    EXPECT_OK(Order(back, &v1::ControlService::Stub::RollbackPolicy, request, &response));
    slow.GoOn();
    Release(back);
    return false;
  };
  ASSERT_THAT(Learn(back), testing::HasReason("BEGIN_AGAIN"));
  EXPECT_TRUE(std::filesystem::exists(back.directory / "run/checkpoints/step-000004")) << "it was begun, so it was written";
  EXPECT_TRUE(std::filesystem::exists(back.directory / "run/checkpoints/step-000002"));
  back.stop_when = nullptr;
  back.worker.edit = nullptr;
  ASSERT_OK(Learn(back));
  EXPECT_EQ(Curve(undisturbed), Curve(back));
  EXPECT_EQ(Weights(undisturbed), Weights(back));
  ExpectTrainedExactlyOnce(back);
}

TEST_F(LearnerRunTest, AStopWhileACheckpointIsBeingWrittenLosesNothing) {
  TestRun undisturbed;
  TestRun stopped;
  Prepare(undisturbed);
  Prepare(stopped);
  ASSERT_OK(Learn(undisturbed));
  SlowCheckpoint slow(stopped.directory / "model-source");
  HoldAtACheckpoint(stopped, slow);
  sync::Thread disk;
  stopped.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(stopped, state)) return false;
    slow.Await();
    Release(stopped);
    disk = sync::Thread("disk", [&slow] {
      absl::SleepFor(absl::Milliseconds(200));  // The stop comes first, or soon after: the end is the same.
      slow.GoOn();
    });
    return true;
  };
  ASSERT_OK(Learn(stopped));
  disk.Join();
  stopped.stop_when = nullptr;
  stopped.worker.edit = nullptr;
  ASSERT_OK(Learn(stopped));
  EXPECT_EQ(Curve(undisturbed), Curve(stopped));
  EXPECT_EQ(Weights(undisturbed), Weights(stopped));
  ExpectTrainedExactlyOnce(stopped);
}

TEST_F(LearnerRunTest, AnotherLearningRateHoldsFromTheNextUpdateAndAfterAResume) {
  TestRun whole;
  TestRun stopped;
  Prepare(whole);
  Prepare(stopped);
  constexpr int64_t from_step = 2;
  for (TestRun* run : {&whole, &stopped}) {
    HoldAt(*run, from_step);
    run->stop_when = [&, run](const learner::v1::GetRunResponse& state) {
      if (!Held(*run, state)) return false;
      v1::SetLearningRateRequest request;
      v1::SetLearningRateResponse response;
      request.set_learning_rate(1e-3);
      EXPECT_OK(Order(*run, &v1::ControlService::Stub::SetLearningRate, request, &response));
      EXPECT_EQ(response.previous(), 1e-2);
      EXPECT_EQ(response.from_step(), from_step);
      Release(*run);
      return run == &stopped;
    };
    ASSERT_OK(Learn(*run));
  }
  stopped.stop_when = nullptr;
  ASSERT_OK(Learn(stopped));
  const std::vector<json> steps = Lines(whole.directory / "run/steps.jsonl");
  EXPECT_LT(steps[from_step]["learning_rate"].get<double>(), 1.01e-3);
  EXPECT_GT(steps[from_step - 1]["learning_rate"].get<double>(), 1.01e-3);
  EXPECT_EQ(Curve(whole), Curve(stopped));
  EXPECT_EQ(Weights(whole), Weights(stopped));
}

TEST_F(LearnerRunTest, AnotherStalenessBoundTakesAnotherIncarnation) {
  TestRun run;
  Prepare(run);
  HoldAt(run, 2);
  run.stop_when = [&](const learner::v1::GetRunResponse& state) {
    if (!Held(run, state)) return false;
    v1::SetStalenessBoundRequest request;
    v1::SetStalenessBoundResponse response;
    request.set_max_staleness(65);
    EXPECT_THAT(Order(run, &v1::ControlService::Stub::SetStalenessBound, request, &response), StatusIs(absl::StatusCode::kInvalidArgument));
    request.set_max_staleness(1);
    EXPECT_OK(Order(run, &v1::ControlService::Stub::SetStalenessBound, request, &response));
    Release(run);
    return false;
  };
  ASSERT_THAT(Learn(run), testing::HasReason("BEGIN_AGAIN"));
  int64_t bound = 0;
  run.stop_when = [&](const learner::v1::GetRunResponse&) {
    bound = Control(run).max_staleness();
    return false;
  };
  ASSERT_OK(Learn(run));
  EXPECT_EQ(bound, 1);
  ExpectTrainedExactlyOnce(run);
}

TEST_F(LearnerRunTest, GroupsThatWereAcceptedBeforeAStopAreNotGeneratedAgain) {
  TestRun run;
  Prepare(run);
  run.worker.edit = [](const queue::Lease& lease, learner::v1::Group& group) {
    if (lease.task.group_id() == "run/2/2") group.set_row(-1);  // Malformed: never accepted.
    return true;
  };
  run.stop_when = [](const learner::v1::GetRunResponse& state) { return state.steps_done() == 2 && state.open_slots() == 1; };
  ASSERT_OK(Learn(run));

  std::multiset<std::string> of_step_2;
  run.worker.edit = [&of_step_2](const queue::Lease& lease, learner::v1::Group&) {
    if (lease.task.step() == 2) of_step_2.insert(lease.task.group_id());
    return true;
  };
  run.stop_when = nullptr;
  ASSERT_OK(Learn(run));
  EXPECT_THAT(of_step_2, ::testing::ElementsAre("run/2/2"));
  ExpectTrainedExactlyOnce(run);
}

TEST_F(LearnerRunTest, AFinishedRunIsFinishedAgainAndALongerOneGoesOn) {
  TestRun run;
  Prepare(run);
  ASSERT_OK(Learn(run));
  const std::string weights = Weights(run);
  ASSERT_OK(Learn(run));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  EXPECT_EQ(Weights(run), weights);
  run.inputs.config.mutable_run()->set_steps(kSteps + 2);
  ASSERT_OK(Learn(run));
  EXPECT_NE(Weights(run), weights);
  ExpectTrainedExactlyOnce(run, kSteps + 2);
}

TEST_F(LearnerRunTest, TasksThatTheQueueLostAreIssuedAgain) {
  TestRun run;
  Prepare(run);
  absl::Mutex mutex;
  std::set<std::string> lost;
  run.worker.edit = [&](const queue::Lease& lease, learner::v1::Group&) {
    absl::MutexLock lock(&mutex);
    return lease.task.slot() != 1 || !lost.insert(lease.task.group_id()).second;
  };
  run.inputs.config.mutable_run()->set_steps(2);
  ASSERT_OK(Learn(run, 2));
  EXPECT_EQ(lost.size(), 2u);
  ExpectTrainedExactlyOnce(run, 2);
  EXPECT_THAT(run.registry.Expose(), HasSubstr("cohort_learner_tasks_reissued_total 2"));
}

TEST_F(LearnerRunTest, ADeadLetterIsLeftOutAndStandsInTheLedger) {
  TestRun run;
  Prepare(run);
  run.worker.bury = [](const prompt::v1::PromptTask& task) { return task.group_id() == "run/1/2"; };
  ASSERT_OK(Learn(run));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  std::map<std::string, std::string> outcomes;
  for (const json& line : Lines(run.directory / "run/ledger.jsonl")) {
    outcomes[line["group_id"]] = line["outcome"];
    EXPECT_EQ(line["trace_id"].get<std::string>().size(), 32u) << line;
  }
  EXPECT_EQ(outcomes.size(), static_cast<size_t>(kSteps * kPrompts));
  for (const auto& [id, outcome] : outcomes) EXPECT_EQ(outcome, id == "run/1/2" ? "given_up" : "trained") << id;
}

TEST_F(LearnerRunTest, AStepOfOnlyDeadLettersFailsTheRunWithAReason) {
  TestRun run;
  Prepare(run);
  run.worker.bury = [](const prompt::v1::PromptTask& task) { return task.step() == 1; };
  EXPECT_THAT(Learn(run), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("dead-letter")));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FAILED);
  EXPECT_THAT(last_.message(), HasSubstr("step 1"));
}

TEST_F(LearnerRunTest, WithStalenessAllowedRolloutsRunAheadButNeverTooFar) {
  config::v1::RunConfig config = Config();
  config.mutable_algorithm()->set_max_staleness(2);
  TestRun run;
  Prepare(run, config);
  ASSERT_OK(Learn(run, 2));
  ExpectTrainedExactlyOnce(run);
  int64_t stalest = 0;
  for (const json& step : Lines(run.directory / "run/steps.jsonl")) {
    stalest = std::max<int64_t>(stalest, step["staleness_max"]);
    EXPECT_EQ(step["stale_rejected"], 0);
  }
  EXPECT_GT(stalest, 0);
  EXPECT_LE(stalest, 2);
}

TEST_F(LearnerRunTest, StaleGroupsAreRefusedCountedAndMadeAgain) {
  TestRun run;
  Prepare(run);
  run.inputs.config.mutable_run()->set_steps(3);
  absl::Mutex mutex;
  std::set<std::string> seen;
  run.worker.edit = [&](const queue::Lease& lease, learner::v1::Group& group) {
    absl::MutexLock lock(&mutex);
    if (lease.task.step() == 2 && seen.insert(lease.task.group_id()).second) {
      for (auto& completion : *group.mutable_completions()) completion.mutable_versions(0)->set_policy_version(1);
    }
    return true;
  };
  ASSERT_OK(Learn(run));
  ExpectTrainedExactlyOnce(run, 3);
  EXPECT_EQ(Lines(run.directory / "run/steps.jsonl")[2]["stale_rejected"], kPrompts);
}

TEST_F(LearnerRunTest, DynamicSamplingReplacesGroupsThatTeachNothing) {
  config::v1::RunConfig config = Config();
  config.mutable_algorithm()->set_dynamic_sampling(true);
  config.mutable_run()->set_steps(3);
  TestRun run;
  Prepare(run, config);
  run.worker.edit = [](const queue::Lease& lease, learner::v1::Group& group) {
    if (lease.task.slot() > 1 && lease.task.slot() != 4) return true;
    for (auto& completion : *group.mutable_completions()) {  // All alike.
      completion.mutable_score()->set_verdict(reward::v1::VERDICT_CORRECT);
      completion.mutable_score()->set_format_ok(true);
    }
    return true;
  };
  ASSERT_OK(Learn(run, 2));
  std::map<int64_t, int> trained;
  std::set<std::string> ids;
  for (const json& line : Lines(run.directory / "run/ledger.jsonl")) {
    trained[line["step"]] += line["outcome"] == "trained";
    EXPECT_TRUE(ids.insert(line["group_id"]).second);
    if (line["slot"] == 0 || line["slot"] == 1 || line["slot"] == 4) {
      EXPECT_EQ(line["outcome"], "dropped");
    }
  }
  EXPECT_THAT(trained, ::testing::ElementsAre(::testing::Pair(0, kPrompts), ::testing::Pair(1, kPrompts), ::testing::Pair(2, kPrompts)));
  for (const json& step : Lines(run.directory / "run/steps.jsonl")) {
    EXPECT_EQ(step["samples"], kPrompts * 4);
    EXPECT_GE(step["dropped_groups"], 3);
  }
}

TEST_F(LearnerRunTest, ACheckpointThatCannotBeWrittenDoesNotStopTraining) {
  TestRun run;
  Prepare(run);
  const std::string blocked = run.directory / "run/checkpoints";
  ASSERT_OK(io::CreateDirectories(run.directory / "run"));
  run.inputs.config.mutable_run()->set_steps(5);
  auto identity = RunDirectory::Open(run.directory / "run", run.inputs.identity, false);
  ASSERT_OK((*identity)->SetIncarnation(0));
  identity->reset();
  ASSERT_OK(io::WriteFileDurably(blocked, "in the way"));
  run.worker.edit = [&](const queue::Lease& lease, learner::v1::Group&) {
    if (lease.task.step() == 3) std::filesystem::remove(blocked);
    return true;
  };
  ASSERT_OK(Learn(run));
  EXPECT_EQ(last_.phase(), learner::v1::RUN_PHASE_FINISHED);
  EXPECT_THAT(last_.checkpoint(), HasSubstr("step-000005"));
  EXPECT_THAT(run.registry.Expose(), HasSubstr("cohort_learner_checkpoint_failures_total 1"));
  // The steps of the one that was lost count in the next.
  const std::vector<json> steps = Lines(run.directory / "run/steps.jsonl");
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += steps[i]["reward_mean"].get<double>();
  const auto reward = [&](const std::string& name) { return json::parse(*io::ReadFile(blocked + "/" + name + "/trainer_state.json"))["reward_mean"].get<double>(); };
  EXPECT_NEAR(reward("step-000004"), sum / 4, 1e-12);
  EXPECT_NEAR(reward("step-000005"), steps[4]["reward_mean"].get<double>(), 1e-12);
}

}  // namespace
}  // namespace cohort::learner
