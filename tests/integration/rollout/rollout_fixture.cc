#include "tests/integration/rollout/rollout_fixture.h"

#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/model/checkpoint.h"
#include "common/model/model_config.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/random/philox.h"
#include "common/rpc/client.h"
#include "nlohmann/json.hpp"

namespace cohort::rollout {
namespace {

std::string FromEnvironment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

model::ArenaLayout TinyLayout() { return *model::ArenaLayout::Create(*model::LoadModelConfig(TinyModelDirectory())); }

}  // namespace

std::string TinyModelDirectory() { return FromEnvironment("COHORT_SOURCE", ".") + "/configs/tiny"; }

std::shared_ptr<model::Arena> RandomWeights(const model::ArenaLayout& layout, uint64_t seed) {
  auto arena = std::make_shared<model::Arena>(layout.size());
  random::Stream stream(seed, 5);
  for (const model::TensorSlot& slot : layout.slots()) {
    const bool norm = absl::StrContains(slot.name, "norm");
    const double scale = slot.shape.size() == 1 ? 0.1 : 2.0 / std::sqrt(static_cast<double>(slot.shape[1]));
    for (int64_t i = 0; i < slot.size(); ++i) {
      arena->floats()[slot.offset + i] = static_cast<float>((norm ? 1.0 : 0.0) + scale * (2 * stream.NextDouble() - 1));
    }
  }
  return arena;
}

void WriteCheckpoint(const std::string& directory, uint64_t seed) {
  ASSERT_OK_AND_ASSIGN(const model::ModelConfig config, model::LoadModelConfig(TinyModelDirectory()));
  const model::ArenaLayout layout = TinyLayout();
  ASSERT_OK(model::SaveCheckpoint(directory, TinyModelDirectory(), config, layout, *RandomWeights(layout, seed)));
}

EvenReward::EvenReward(const std::string& address) {
  auto server = rpc::Server::Start({.address = address, .services = {this}});
  EXPECT_OK(server);
  server_ = *std::move(server);
  server_->SetReady(true);
}

EvenReward::~EvenReward() { server_->Shutdown(absl::Now()); }

grpc::Status EvenReward::Score(grpc::ServerContext*, const reward::v1::ScoreRequest* request, reward::v1::ScoreResponse* response) {
  for (const reward::v1::ScoreItem& item : request->items()) {
    reward::v1::ScoreResult& result = *response->add_results();
    result.set_id(item.id());
    result.set_format_ok(item.completion().size() % 2 == 0);
    result.set_verdict(result.format_ok() ? reward::v1::VERDICT_CORRECT : reward::v1::VERDICT_INCORRECT);
  }
  return grpc::Status::OK;
}

TestLearner::TestLearner(const std::string& redis, const std::string& run, Options options) : options_(options), run_(run), layout_(TinyLayout()) {
  queue::QueueOptions queue_options;
  queue_options.run_id = run;
  queue_options.consumer = "learner";
  auto queue = queue::RedisPromptQueue::Open(redis, queue_options, Soon());
  EXPECT_OK(queue);
  queue_ = *std::move(queue);
  auto incarnation = queue_->BeginIncarnation(Soon());
  EXPECT_OK(incarnation);
  incarnation_ = *incarnation;
  publisher_ = std::make_unique<policy::PolicyPublisher>(incarnation_);
  auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {publisher_->service(), this}});
  EXPECT_OK(server);
  server_ = *std::move(server);
}

TestLearner::~TestLearner() { Stop(); }

void TestLearner::Stop() {
  publisher_->Shutdown();
  server_->Shutdown(absl::Now());
}

void TestLearner::Begin() {
  publisher_->Publish(0, RandomWeights(layout_, 0));
  for (int64_t step = 0; step < (options_.issue_all_at_once ? options_.steps : 1); ++step) IssueStep(step);
}

prompt::v1::PromptTask TestLearner::Task(int64_t step, int64_t slot) const {
  prompt::v1::PromptTask task;
  task.set_group_id(absl::StrCat(run_, "/", step, "/", slot));
  task.set_run_id(run_);
  task.set_incarnation(incarnation_);
  task.set_step(step);
  task.set_slot(slot);
  for (int i = 0; i < 7 + slot % 12; ++i) task.add_prompt_token_ids(static_cast<int32_t>((step * 11 + slot * 7 + i) % 34 + 3));
  task.set_gold_answer("42");
  task.set_group_size(options_.group_size);
  task.mutable_sampling()->set_temperature(1);
  task.mutable_sampling()->set_max_new_tokens(options_.max_new_tokens);
  task.mutable_sampling()->set_seed(1234);
  task.set_min_policy_version(std::max<int64_t>(0, step - options_.max_staleness));
  task.set_max_policy_version(step);
  return task;
}

void TestLearner::IssueStep(int64_t step) {
  std::vector<prompt::v1::PromptTask> tasks;
  for (int64_t slot = 0; slot < options_.prompts; ++slot) tasks.push_back(Task(step, slot));
  // Where the answer was lost, once more: workers and learner tolerate duplicates.
  const absl::Time deadline = Soon();
  absl::Status issued = queue_->Issue(tasks, deadline);
  while (absl::IsUnavailable(issued) && absl::Now() < deadline) issued = queue_->Issue(tasks, deadline);
  EXPECT_OK(issued);
}

grpc::Status TestLearner::SubmitGroup(grpc::ServerContext*, const learner::v1::SubmitGroupRequest* request, learner::v1::SubmitGroupResponse*) {
  const learner::v1::Group& group = request->group();
  {
    absl::MutexLock lock(&mutex_);
    if (!groups_.emplace(group.group_id(), group).second) return grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "accepted before");
    ++filled_[group.step()];
  }
  TakeCompleteSteps();
  return grpc::Status::OK;
}

void TestLearner::TakeCompleteSteps() {
  absl::MutexLock taking(&taking_);
  const auto next_is_complete = [this] {
    absl::MutexLock lock(&mutex_);
    return filled_[taken_] == options_.prompts;
  };
  while (next_is_complete()) {
    if (++taken_ == options_.steps) return;
    publisher_->Publish(taken_, RandomWeights(layout_, static_cast<uint64_t>(taken_)));
    if (!options_.issue_all_at_once) IssueStep(taken_);
  }
}

bool TestLearner::complete() const { return accepted() == options_.steps * options_.prompts; }

int64_t TestLearner::accepted() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(groups_.size());
}

std::map<std::string, std::string> TestLearner::Groups() const {
  std::map<std::string, std::string> result;
  for (learner::v1::Group group : Raw()) {
    // What may differ between runs.
    group.clear_worker_id();
    group.clear_attempt();
    group.clear_incarnation();
    group.clear_generate_seconds();
    group.clear_reward_seconds();
    result[group.group_id()] = group.SerializeAsString();
  }
  return result;
}

std::set<std::string> TestLearner::Workers() const {
  std::set<std::string> workers;
  for (const learner::v1::Group& group : Raw()) workers.insert(group.worker_id());
  return workers;
}

std::vector<learner::v1::Group> TestLearner::Raw() const {
  absl::MutexLock lock(&mutex_);
  std::vector<learner::v1::Group> groups;
  for (const auto& [id, group] : groups_) groups.push_back(group);
  return groups;
}

WorkerProcess::WorkerProcess(const std::string& name, std::vector<std::string> more) {
  process::ChildProcess::Options options;
  options.command = {FromEnvironment("COHORT_BIN", "build/bin") + "/cohort-rollout", "--name", name, "--endpoint-file", directory_ / "endpoint.json"};
  options.command.insert(options.command.end(), more.begin(), more.end());
  options.log_file = directory_ / "log";
  auto process = process::ChildProcess::Start(options);
  EXPECT_OK(process);
  process_ = *std::move(process);
}

std::string EndpointIn(const std::string& file) {
  const auto text = io::ReadFile(file);
  return text.ok() ? nlohmann::json::parse(*text)["grpc"].get<std::string>() : "";
}

std::string WorkerProcess::address() {
  std::string address;
  EXPECT_TRUE(Eventually([&] {
    address = EndpointIn(directory_ / "endpoint.json");
    return !address.empty() || !process_->running();
  })) << log();
  EXPECT_NE(address, "") << log();
  return address;
}

std::unique_ptr<v1::RolloutService::Stub> WorkerProcess::Stub() { return v1::RolloutService::NewStub(rpc::Connect(address())); }

bool WorkerProcess::WaitUntilReady() {
  const std::string where = address();
  const absl::Status status = rpc::WaitUntilReady(rpc::Connect(where), where, "readiness", Soon());
  EXPECT_OK(status) << log();
  return status.ok();
}

std::string WorkerProcess::log() const { return io::ReadFile(directory_ / "log").value_or("(no log)"); }

std::vector<std::string> WorkerFlags(const std::string& run, const std::string& redis, const std::string& learner, const std::string& reward) {
  return {"--run", run, "--model", TinyModelDirectory(), "--redis", redis, "--learner", learner, "--reward", reward, "--max-batch", "16",
          "--lease-seconds", "0.6"};
}

}  // namespace cohort::rollout
