#include "tests/bench/policy/decoding_worker.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/nccl/nccl_collectives.h"
#include "common/policy/collective_member.h"
#include "common/policy/policy_subscriber.h"
#include "common/rpc/client.h"
#include "services/rollout/engine/cuda/cuda_engine.h"
#include "tests/bench/random_weights.h"
#include "tests/bench/shapes.h"

namespace cohort::bench {
namespace {

using rollout::GroupRequest;
using rollout::cuda::CudaEngine;
using rollout::cuda::CudaEngineOptions;

class DecodingWorker {
 public:
  explicit DecodingWorker(const DecodingWorkerArguments& arguments) : arguments_(arguments), shape_(ShapeNamed(arguments.model)), random_(2, 0) {
    const auto layout = *model::ArenaLayout::Create(shape_);
    CudaEngineOptions options;
    options.device = arguments.gpu;
    options.max_batch = arguments.batch;
    options.max_context = arguments.prompt + arguments.new_tokens;
    options.sink = true;
    auto engine = CudaEngine::Create(shape_, layout, options);
    Check(engine.status());
    engine_ = *std::move(engine);
    policy::PolicySubscriber::Options subscription;
    subscription.worker_id = "worker";
    subscription.arena_elements = layout.size();
    subscriber_ = std::make_unique<policy::PolicySubscriber>(rpc::Connect(arguments.learner), std::move(subscription));
    auto library = nccl::MakeNcclCollectives(arguments.gpu, arguments.shares != 0);
    Check(library.status());
    policy::CollectiveMember::Options membership;
    membership.worker_id = "worker";
    membership.library = *std::move(library);
    membership.sink = engine_->sink();
    membership.on_arrival = [this](const policy::PolicyAnnouncement& announcement, int64_t ticket, absl::Duration) { subscriber_->Arrived(announcement, ticket); };
    member_ = std::make_unique<policy::CollectiveMember>(rpc::Connect(arguments.learner), std::move(membership));
  }

  [[noreturn]] void Run() {
    taken_ = *subscriber_->WaitFor([](const policy::PolicySnapshot&) { return true; }, absl::InfiniteFuture());
    Check(engine_->SetWeights(taken_->weights, taken_->version));
    for (;;) {
      while (engine_->load().free_sequences > 0) AddSequence();
      const auto begin = std::chrono::steady_clock::now();
      TakeWeights();
      Check(engine_->Step());
      steps_.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
      for (const auto& token : engine_->TakeTokens()) {
        if (token.version > reported_) ReportVersion(token.version);
      }
      for (const auto& group : engine_->TakeFinished()) Check(group.status);
    }
  }

 private:
  void AddSequence() {
    GroupRequest request;
    request.id = request.slot = next_++;
    for (int i = 0; i < arguments_.prompt; ++i) request.prompt.push_back(static_cast<int32_t>(random_.NextBelow(static_cast<uint32_t>(shape_.vocab_size))));
    request.sampling.set_temperature(1);
    // The first batch ends at different times, so that prompts do not come all at once.
    request.sampling.set_max_new_tokens(next_ <= arguments_.batch ? 1 + static_cast<int>(next_) * arguments_.new_tokens / arguments_.batch : arguments_.new_tokens);
    request.stream = true;
    Check(engine_->Add(std::move(request)));
  }

  // As the engine loop of a worker does between two steps.
  void TakeWeights() {
    const auto latest = subscriber_->Latest();
    if (latest == taken_) return;
    const absl::Status status =
        latest->weights == nullptr ? engine_->TakeFromSink(latest->ticket, latest->version) : engine_->SetWeights(latest->weights, latest->version);
    if (absl::IsFailedPrecondition(status)) return;
    Check(status);
    taken_ = latest;
  }

  void ReportVersion(int64_t version) {
    VersionReport report;
    report.version = reported_ = version;
    report.broadcast = taken_->weights == nullptr;
    report.first_token_ns = absl::GetCurrentTimeNanos();
    report.worst_step_ms = *std::max_element(steps_.begin(), steps_.end());
    std::nth_element(steps_.begin(), steps_.begin() + static_cast<int64_t>(steps_.size() / 2), steps_.end());
    report.median_step_ms = steps_[steps_.size() / 2];
    report.resident_mib = ResidentMib();
    steps_.clear();
    std::printf("%s\n", ToLine(report).c_str());
    std::fflush(stdout);
  }

  const DecodingWorkerArguments arguments_;
  const model::ModelConfig shape_;
  random::Stream random_;
  std::unique_ptr<CudaEngine> engine_;
  std::unique_ptr<policy::PolicySubscriber> subscriber_;
  std::unique_ptr<policy::CollectiveMember> member_;
  std::shared_ptr<const policy::PolicySnapshot> taken_;
  int64_t next_ = 0;
  int64_t reported_ = -1;
  std::vector<double> steps_;  // Milliseconds, since the last report.
};

}  // namespace

std::string ToLine(const VersionReport& report) {
  return absl::StrCat("version ", report.version, " ", report.broadcast ? 1 : 0, " ", report.first_token_ns, " ", report.median_step_ms, " ",
                      report.worst_step_ms, " ", report.resident_mib);
}

bool FromLine(const std::string& line, VersionReport& report) {
  long long version = 0, first_token = 0;
  int broadcast = 0;
  if (std::sscanf(line.c_str(), "version %lld %d %lld %lf %lf %lf", &version, &broadcast, &first_token, &report.median_step_ms, &report.worst_step_ms,
                  &report.resident_mib) != 6) {
    return false;
  }
  report.version = version;
  report.broadcast = broadcast != 0;
  report.first_token_ns = first_token;
  return true;
}

std::vector<std::string> ToCommandLine(const DecodingWorkerArguments& arguments) {
  return {"--worker", arguments.learner, arguments.model, absl::StrCat(arguments.gpu), absl::StrCat(arguments.batch), absl::StrCat(arguments.prompt),
          absl::StrCat(arguments.new_tokens), absl::StrCat(arguments.shares)};
}

void RunDecodingWorker(int argc, char** argv) {
  DecodingWorkerArguments arguments;
  if (argc != 9) std::exit(2);
  arguments.learner = argv[2];
  arguments.model = argv[3];
  int* const numbers[] = {&arguments.gpu, &arguments.batch, &arguments.prompt, &arguments.new_tokens, &arguments.shares};
  for (int i = 0; i < 5; ++i) {
    if (!absl::SimpleAtoi(argv[4 + i], numbers[i])) std::exit(2);
  }
  DecodingWorker(arguments).Run();
}

const model::ModelConfig& ShapeNamed(const std::string& name) {
  for (const auto& [known, shape] : model::PublishedSizes()) {
    if (known == name) return shape;
  }
  Check(absl::InvalidArgumentError(absl::StrCat("no shape is called ", name)));
  std::abort();
}

double ResidentMib() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace cohort::bench
