// How long a new version takes from a learner on GPU 0 to the first token that a worker samples from it: broadcast over NCCL to a process that decodes a full
// batch, on GPU 1, or on the same one where there is no other. "Optimizer step done" is the moment before the copy of the bf16 weights that is published.
// One JSON line a model. Usage: weight_publish_bench [model …] [--publishes N] [--batch N]; the commit is taken from COHORT_COMMIT.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/cuda/device.h"
#include "common/cuda/memory.h"
#include "common/nccl/nccl_collectives.h"
#include "common/policy/collective_root.h"
#include "common/policy/gpu_weights.h"
#include "common/policy/policy_publisher.h"
#include "common/process/child_process.h"
#include "common/rpc/server.h"
#include "tests/bench/policy/decoding_worker.h"
#include "tests/bench/random_weights.h"
#include "tests/bench/shapes.h"

namespace cohort::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);
constexpr int kWarmUp = 5;  // Publishes that are not counted.

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

double Largest(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }

double FreeGpuMib() {
  size_t free = 0, total = 0;
  Check(cudaMemGetInfo(&free, &total));
  return static_cast<double>(free >> 20);
}

std::string ThisProgram() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  return std::string(path, length > 0 ? length : 0);
}

struct Sample {
  double sent_ms = 0;          // The collective, until the root's bytes had left.
  double verified_ms = 0;      // Until the worker had reported the right checksum.
  double announced_ms = 0;     // Copy and checksum on the learner's GPU.
  double first_token_ms = 0;   // From the optimizer's step to the first token.
  VersionReport worker;
};

class PublishBench {
 public:
  PublishBench(const std::string& model, int batch) : layout_(*model::ArenaLayout::Create(ShapeNamed(model))) {
    Check(cuda::UseDevice(0).status());
    for (auto* buffer : {&weights_, &copies_[0], &copies_[1]}) {
      auto allocated = cuda::DeviceBuffer<__nv_bfloat16>::Allocate(layout_.size(), "weights");
      Check(allocated.status());
      *buffer = *std::move(allocated);
    }
    FillWeights(weights_.data(), layout_);
    policy::CollectiveRoot::Options options;
    auto library = nccl::MakeNcclCollectives(0);
    Check(library.status());
    options.library = *std::move(library);
    options.size_bytes = weights_.bytes();
    root_ = std::make_unique<policy::CollectiveRoot>(std::move(options));
    publisher_ = std::make_unique<policy::PolicyPublisher>(1, 0, root_.get());
    auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {publisher_->service()}});
    Check(server.status());
    server_ = *std::move(server);
    StartWorker(model, batch);
  }
  ~PublishBench() {
    worker_->Stop(absl::Now());
    publisher_->Shutdown();
    server_->Shutdown(absl::Now() + absl::Seconds(2));
    std::remove(log_.c_str());
  }

  // The worker has the first version, over gRPC, and is in the collective.
  double Start() {
    const absl::Time begin = absl::Now();
    Publish();
    const VersionReport first = Await(0);
    while (root_->counts().members == 0) Pause(begin);
    return static_cast<double>(first.first_token_ns - absl::ToUnixNanos(begin)) * 1e-6;
  }

  Sample Next() {
    const int64_t before = root_->counts().broadcasts;
    const absl::Time done = absl::Now();
    const int64_t version = Publish();
    Sample sample;
    sample.announced_ms = absl::ToDoubleMilliseconds(absl::Now() - done);
    sample.worker = Await(version);
    while (root_->counts().broadcasts == before) Pause(done);
    sample.sent_ms = root_->counts().last_broadcast_seconds * 1e3;
    sample.verified_ms = root_->counts().last_verified_seconds * 1e3;
    sample.first_token_ms = static_cast<double>(sample.worker.first_token_ns - absl::ToUnixNanos(done)) * 1e-6;
    return sample;
  }

  double megabytes() const { return static_cast<double>(weights_.bytes()) * 1e-6; }
  double form_ms() const { return root_->counts().last_form_seconds * 1e3; }

 private:
  void StartWorker(const std::string& model, int batch) {
    DecodingWorkerArguments arguments;
    arguments.learner = server_->address();
    arguments.model = model;
    arguments.gpu = cuda::DeviceCount() > 1 ? 1 : 0;
    arguments.batch = batch;
    process::ChildProcess::Options options;
    options.command = {ThisProgram()};
    for (std::string& argument : ToCommandLine(arguments)) options.command.push_back(std::move(argument));
    if (arguments.gpu == 0) options.environment = {{"NCCL_HOSTID", "bench-worker"}};
    options.log_file = log_;
    auto child = process::ChildProcess::Start(std::move(options));
    Check(child.status());
    worker_ = *std::move(child);
  }

  // As the learner's model does; the one before may still be read.
  int64_t Publish() {
    const auto& copy = copies_[next_ % 2];
    Check(cudaMemcpyAsync(copy.data(), weights_.data(), weights_.bytes(), cudaMemcpyDeviceToDevice, nullptr));
    Check(cudaStreamSynchronize(nullptr));
    auto weights = policy::GpuWeights::Create(std::shared_ptr<const void>(copy.data(), [](const void*) {}), copy.bytes(), 0);
    Check(weights.status());
    publisher_->Publish(next_, std::shared_ptr<const policy::PublishedWeights>(*std::move(weights)));
    return next_++;
  }

  VersionReport Await(int64_t version) {
    for (const absl::Time begin = absl::Now();; Pause(begin)) {
      std::ifstream log(log_);
      log.seekg(read_);
      for (std::string line; std::getline(log, line) && !log.eof(); read_ = log.tellg()) {
        VersionReport report;
        if (FromLine(line, report) && report.version == version) {
          read_ = log.tellg();
          return report;
        }
      }
    }
  }

  void Pause(absl::Time begin) {
    if (absl::Now() - begin > kPatience || !worker_->running()) {
      std::ifstream log(log_);
      for (std::string line; std::getline(log, line);) std::fprintf(stderr, "%s\n", line.c_str());
      Check(absl::DeadlineExceededError("the worker has ended, or a version did not come; what it said is above"));
    }
    absl::SleepFor(absl::Milliseconds(1));
  }

  const model::ArenaLayout layout_;
  const std::string log_ = absl::StrCat("/tmp/cohort-publish-bench-", getpid(), ".log");
  std::streamoff read_ = 0;
  cuda::DeviceBuffer<__nv_bfloat16> weights_;
  cuda::DeviceBuffer<__nv_bfloat16> copies_[2];
  int64_t next_ = 0;
  std::unique_ptr<policy::CollectiveRoot> root_;
  std::unique_ptr<policy::PolicyPublisher> publisher_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<process::ChildProcess> worker_;
};

void Bench(const std::string& model, int publishes, int batch) {
  PublishBench bench(model, batch);
  const double first_ms = bench.Start();
  std::vector<double> sent, verified, announced, first_token, step, worst_step;
  double resident = 0, worker_resident = 0, free = 0;
  VersionReport last;
  for (int i = 0; i < kWarmUp + publishes; ++i) {
    absl::SleepFor(absl::Milliseconds(200));
    const Sample sample = bench.Next();
    last = sample.worker;
    if (i < kWarmUp) continue;
    if (i == kWarmUp) {
      resident = ResidentMib();
      worker_resident = last.resident_mib;
      free = FreeGpuMib();
    }
    sent.push_back(sample.sent_ms);
    verified.push_back(sample.verified_ms);
    announced.push_back(sample.announced_ms);
    first_token.push_back(sample.first_token_ms);
    step.push_back(last.median_step_ms);
    worst_step.push_back(last.worst_step_ms);
  }
  cudaDeviceProp properties;
  Check(cudaGetDeviceProperties(&properties, 0));
  const char* commit = std::getenv("COHORT_COMMIT");
  std::printf(
      "{\"bench\": \"weight_publish\", \"model\": \"%s\", \"batch\": %d, \"prompt_tokens\": 256, \"new_tokens\": 512, \"megabytes\": %.0f, \"gpus\": %d, "
      "\"publishes\": %d, \"ms\": %.2f, \"worst_ms\": %.2f, \"verified_ms\": %.2f, \"copy_and_checksum_ms\": %.2f, \"step_done_to_first_token_ms\": %.2f, "
      "\"step_done_to_first_token_worst_ms\": %.2f, \"decode_step_ms\": %.2f, \"slowest_decode_step_ms\": %.2f, \"form_ms\": %.0f, "
      "\"first_version_over_grpc_ms\": %.0f, \"learner_growth_mib\": %.1f, \"worker_growth_mib\": %.1f, \"gpu_growth_mib\": %.0f, \"device\": \"%s\", "
      "\"commit\": \"%s\"}\n",
      model.c_str(), batch, bench.megabytes(), std::min(cuda::DeviceCount(), 2), publishes, Median(sent), Largest(sent), Median(verified), Median(announced),
      Median(first_token), Largest(first_token), Median(step), Largest(worst_step), bench.form_ms(), first_ms, ResidentMib() - resident,
      last.resident_mib - worker_resident, free - FreeGpuMib(), properties.name, commit == nullptr ? "" : commit);
  std::fflush(stdout);
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--worker") cohort::bench::RunDecodingWorker(argc, argv);
  setenv("NCCL_SOCKET_IFNAME", "lo", /*overwrite=*/0);
  const bool shared = cohort::cuda::DeviceCount() < 2;
  if (shared) setenv("NCCL_NET", "Socket", /*overwrite=*/0);
  // On one GPU a publish takes a second.
  int publishes = shared ? 10 : 200, batch = 256;
  const std::map<std::string, int*> numbers = {{"--publishes", &publishes}, {"--batch", &batch}};
  for (const auto& [model, shape] : cohort::bench::ChosenShapes(argc, argv, numbers, {"Qwen2.5-1.5B"})) cohort::bench::Bench(model, publishes, batch);
  return 0;
}
