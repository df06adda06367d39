#include "tests/integration/learner/learner_process.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/status/status_macros.h"
#include "common/testing/status_matchers.h"
#include "proto/cohort/learner/v1/run_service.grpc.pb.h"
#include "tests/unit/services/learner/checkpoint/tiny_checkpoint.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using nlohmann::json;

constexpr absl::Duration kPoll = absl::Milliseconds(10);

std::string Tokenizer() {
  json vocabulary = json::object();
  for (const char* word : {"<bos>", "<eos>", "<unk>", "what", "is", "plus", "?"}) vocabulary[word] = vocabulary.size();
  for (int digit = 0; digit < 10; ++digit) vocabulary[std::to_string(digit)] = vocabulary.size();
  const json tokenizer = {{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", json::array()},
                          {"normalizer", nullptr},
                          {"pre_tokenizer", {{"type", "WhitespaceSplit"}}},
                          {"post_processor", nullptr},
                          {"decoder", nullptr},
                          {"model", {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", "<unk>"}}}};
  return tokenizer.dump(1);
}

std::vector<json> ReadLines(const std::string& path) {
  std::vector<json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace

grpc::Status DigitsService::CompileGold(grpc::ServerContext*, const reward::v1::CompileGoldRequest* request,
                                        reward::v1::CompileGoldResponse* response) {
  for (int i = 0; i < request->gold_answers_size(); ++i) {
    if (request->gold_answers(i).find_first_not_of("0123456789") == std::string::npos) continue;
    response->add_errors()->set_index(i);
    response->mutable_errors()->rbegin()->set_message("not a number");
  }
  return grpc::Status::OK;
}

LearnerProcess::LearnerProcess() {
  auto redis = testing::RedisServer::Start();
  EXPECT_OK(redis);
  redis_ = *std::move(redis);
  auto server = rpc::Server::Start({"127.0.0.1:0", false, {&reward_service_}});
  EXPECT_OK(server);
  reward_server_ = *std::move(server);
  reward_server_->SetReady(true);
}

LearnerProcess::~LearnerProcess() {
  workers_.clear();
  if (process_ != nullptr) process_->Stop(absl::Now() + absl::Seconds(5));
}

void LearnerProcess::WriteInputs(int64_t steps) {
  const model::LoadedModel model = RandomModel({}, 1);
  arena_elements_ = model.layout.size();
  EXPECT_OK(WriteTinyCheckpoint(path("model"), model));
  EXPECT_OK(io::WriteFileDurably(path("model/tokenizer.json"), Tokenizer()));
  std::string problems;
  for (int i = 0; i < 10; ++i) absl::StrAppend(&problems, json({{"prompt", absl::StrCat(i, " plus 1")}, {"answer", i + 1}}).dump(), "\n");
  EXPECT_OK(io::WriteFileDurably(path("train.jsonl"), problems));
  EXPECT_OK(io::WriteFileDurably(path("run.yaml"), absl::StrCat("run:\n  name: test\n  directory: ", path("run"), "\n  seed: 5\n  steps: ", steps,
                                                                "\nmodel:\n  path: ", path("model"), "\ndata:\n  train: ", path("train.jsonl"),
                                                                "\n  prompt_template: \"what is {prompt} ?\"\n"
                                                                "rollout:\n  max_new_tokens: 8\n"
                                                                "algorithm:\n  prompts_per_step: 3\n  group_size: 4\n  minibatches: 2\n"
                                                                "optimizer:\n  learning_rate: 0.01\n  threads: 1\n"
                                                                "checkpoint:\n  every_steps: 4\n"
                                                                "queue:\n  lease_seconds: 1\n")));
}

std::vector<std::string> LearnerProcess::Arguments(bool resume) const {
  std::vector<std::string> arguments = {"run",      path("run.yaml"), "--redis",         redis_->address(),     "--reward", reward_server_->address(),
                                        "--listen", grpc_address_,    "--endpoint-file", path("endpoint.json"), "--name",   "learner"};
  if (resume) arguments.push_back("--resume");
  return arguments;
}

absl::Status LearnerProcess::Start(bool resume, const std::vector<std::string>& more) {
  std::filesystem::remove(path("endpoint.json"));
  process::ChildProcess::Options options;
  options.command = {absl::StrCat(getenv("COHORT_BIN"), "/cohort-learner")};
  for (const std::string& argument : Arguments(resume)) options.command.push_back(argument);
  for (const std::string& argument : more) options.command.push_back(argument);
  options.log_file = path("learner.log");
  COHORT_ASSIGN_OR_RETURN(process_, process::ChildProcess::Start(options));
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (!std::filesystem::exists(path("endpoint.json"))) {
    if (!process_->running()) return absl::InternalError(absl::StrCat("the learner has ended:\n", log()));
    if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat("the learner does not listen:\n", log()));
    absl::SleepFor(kPoll);
  }
  COHORT_ASSIGN_OR_RETURN(const std::string endpoint, io::ReadFile(path("endpoint.json")));
  grpc_address_ = json::parse(endpoint)["grpc"];
  return absl::OkStatus();
}

std::vector<std::string> LearnerProcess::FollowArguments(const std::string& name) const { return {"follow", "--leader", grpc_address_, "--name", name}; }

std::unique_ptr<process::ChildProcess> LearnerProcess::StartFollower(const std::string& name, const std::vector<std::string>& more) const {
  process::ChildProcess::Options options;
  options.command = {absl::StrCat(getenv("COHORT_BIN"), "/cohort-learner")};
  for (const std::string& argument : FollowArguments(name)) options.command.push_back(argument);
  options.command.insert(options.command.end(), more.begin(), more.end());
  options.log_file = path(name + ".log");
  auto process = process::ChildProcess::Start(options);
  EXPECT_OK(process);
  return *std::move(process);
}

int LearnerProcess::RunToTheEnd(const std::vector<std::string>& arguments) {
  process::ChildProcess::Options options;
  options.command = {absl::StrCat(getenv("COHORT_BIN"), "/cohort-learner")};
  for (const std::string& argument : arguments) options.command.push_back(argument);
  options.log_file = path("learner.log");
  auto process = process::ChildProcess::Start(options);
  EXPECT_OK(process);
  const auto code = (*process)->Wait(absl::Now() + absl::Seconds(20));
  EXPECT_OK(code);
  return code.value_or(-1);
}

void LearnerProcess::StartWorkers(int count) {
  for (int i = 0; i < count; ++i) {
    ScriptedWorker::Options options;
    options.name = absl::StrCat("worker-", i);
    options.arena_elements = arena_elements_;
    options.vocab_size = 17;
    queue::QueueOptions queue_options;
    queue_options.run_id = "test";
    queue_options.consumer = options.name;
    queue_options.lease = absl::Seconds(1);
    auto queue = queue::RedisPromptQueue::Open(redis_->address(), queue_options, absl::Now() + absl::Seconds(10));
    ASSERT_OK(queue);
    workers_.push_back(std::make_unique<ScriptedWorker>(rpc::Connect(grpc_address_), *std::move(queue), options));
  }
}

absl::StatusOr<learner::v1::GetRunResponse> LearnerProcess::State() const {
  const auto stub = learner::v1::RunService::NewStub(rpc::Connect(grpc_address_));
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Seconds(2));
  context.set_wait_for_ready(true);  // Channels share what they know of an address, and the workers may have found it dead a moment ago.
  learner::v1::GetRunResponse state;
  COHORT_RETURN_IF_ERROR(rpc::FromGrpc(stub->GetRun(&context, {}, &state)));
  return state;
}

absl::Status LearnerProcess::WaitForSteps(int64_t done, absl::Time deadline) const {
  while (absl::Now() < deadline) {
    const auto state = State();
    if (state.ok() && (state->steps_done() >= done || state->phase() == learner::v1::RUN_PHASE_FINISHED)) return absl::OkStatus();
    absl::SleepFor(kPoll);
  }
  return absl::DeadlineExceededError(absl::StrCat("the learner does not come to step ", done, ":\n", log()));
}

absl::Status LearnerProcess::WaitUntilFinished(absl::Time deadline) const {
  while (absl::Now() < deadline) {
    const auto state = State();
    if (state.ok() && state->phase() == learner::v1::RUN_PHASE_FINISHED) return absl::OkStatus();
    absl::SleepFor(kPoll);
  }
  return absl::DeadlineExceededError(absl::StrCat("the run does not finish:\n", log()));
}

std::string LearnerProcess::log(const std::string& name) const { return io::ReadFile(path(name + ".log")).value_or(""); }

std::vector<std::string> LearnerProcess::Curve() const {
  std::vector<std::string> curve;
  for (json line : ReadLines(path("run/steps.jsonl"))) {
    for (const char* key : {"elapsed_seconds", "step_seconds", "wait_seconds", "update_seconds", "publish_seconds", "checkpoint_seconds",
                            "tokens_per_second", "duplicates", "stale_rejected"}) {
      line.erase(key);
    }
    curve.push_back(line.dump());
  }
  return curve;
}

std::string LearnerProcess::FinalWeights() const { return io::ReadFile(path("run/model/model.safetensors")).value_or("none"); }

std::vector<json> LearnerProcess::Ledger() const { return ReadLines(path("run/ledger.jsonl")); }

}  // namespace cohort::learner
