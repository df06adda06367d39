// Model FLOPs of the learner on a GPU: forward and backward passes over packed sequences on the shapes of well-known models, random weights, every token
// predicted. One JSON line for each model, each made in a process of its own, so that nobody's memory is counted for another. Usage: learner_gpu_bench [model …] [--sequence N] [--pass N] [--passes N]; the commit is taken from COHORT_COMMIT.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/config/memory.h"
#include "common/cuda/device.h"
#include "common/random/philox.h"
#include "common/status/status_macros.h"
#include "services/learner/train/policy_model.h"
#include "tests/bench/shapes.h"

namespace {

using cohort::learner::PolicyModel;
using cohort::learner::TokenBatch;
using cohort::learner::WeightsOf;
using cohort::model::ModelConfig;

constexpr double kPeakFlops = 989e12;  // bf16 of an H100 or H200, as its data sheet says.

struct Load {
  int sequence = 2048;
  int pass = 16384;
  int passes = 8;
};

// What one token costs forward and backward: six operations a weight that multiplies, and the products of causal attention.
double FlopsOfToken(const ModelConfig& config, int sequence) {
  const double qkv = static_cast<double>(config.num_heads + 2 * config.num_kv_heads) * config.head_dim, attended = config.num_heads * config.head_dim;
  const double layer = config.hidden_size * (qkv + attended + 3.0 * config.intermediate_size);
  const double weights = config.num_layers * layer + static_cast<double>(config.vocab_size) * config.hidden_size;
  return 6 * weights + 6.0 * config.num_layers * attended * sequence;
}

TokenBatch Batch(const ModelConfig& config, const Load& load) {
  cohort::random::Stream stream(3, 0);
  TokenBatch batch;
  for (int begin = 0; begin + load.sequence <= load.pass; begin += load.sequence) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < load.sequence; ++i) tokens.push_back(static_cast<int32_t>(stream.NextBelow(static_cast<uint32_t>(config.vocab_size))));
    const int64_t row = batch.AddRoot(tokens);
    for (int i = 0; i < load.sequence; ++i) batch.AddPrediction(row + i, tokens[(i + 1) % load.sequence]);
  }
  return batch;
}

cohort::model::LoadedModel RandomModel(const ModelConfig& config) {
  cohort::model::LoadedModel model{config, *cohort::model::ArenaLayout::Create(config), nullptr};
  model.weights = std::make_shared<cohort::model::Arena>(model.layout.size());
  uint64_t state = 1;
  for (float& weight : model.weights->floats()) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    weight = 0.06f * (static_cast<float>(state >> 40) / 16777216.0f - 0.5f);
  }
  for (const auto& slot : model.layout.slots()) {
    if (slot.name.find("norm") != std::string::npos) std::fill_n(model.weights->floats().begin() + slot.offset, slot.size(), 1.0f);
  }
  return model;
}

// One optimizer step of `passes` passes; waits until it is done.
absl::Status Step(PolicyModel& policy, const TokenBatch& batch, int passes) {
  const std::vector<double> dlogprobs(batch.predictions(), -1.0 / (static_cast<double>(batch.predictions()) * passes));
  const auto accumulate = [&](int64_t worker) -> absl::Status {
    for (int i = 0; i < passes; ++i) {
      COHORT_RETURN_IF_ERROR(policy.Score(worker, WeightsOf::kPolicy, batch, /*keep=*/true).status());
      COHORT_RETURN_IF_ERROR(policy.Backward(worker, batch, dlogprobs));
    }
    return absl::OkStatus();
  };
  COHORT_RETURN_IF_ERROR(policy.ClearGradients());
  COHORT_RETURN_IF_ERROR(policy.Run(accumulate));
  COHORT_RETURN_IF_ERROR(policy.FinishGradients().status());
  COHORT_RETURN_IF_ERROR(policy.Step(1e-6, 1));
  return policy.FinishGradients().status();
}

// What a checkpoint holds training for: a copy of weights and optimizer state in the host's memory.
absl::Status Snapshot(const PolicyModel& policy) {
  const auto weights = policy.Weights();
  COHORT_RETURN_IF_ERROR(weights.status());
  return policy.State().status();
}

absl::StatusOr<double> SecondsOf(const std::function<absl::Status()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  COHORT_RETURN_IF_ERROR(work());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int64_t EstimatedBytes(const ModelConfig& config, const cohort::learner::PolicyModelOptions& options) {
  const auto shape = cohort::config::TrainingShapeOf(options.optimizer, options.reference, options.may_go_back, options.broadcasts, options.longest_sequence);
  return cohort::model::Sum(cohort::model::TrainingNeeds(config, *cohort::model::ArenaLayout::Create(config), shape));
}

// Prints the line of one model.
absl::Status Bench(const std::string& name, const ModelConfig& config, const Load& load) {
  cohort::learner::PolicyModelOptions options;
  options.optimizer.set_device(cohort::config::v1::DEVICE_CUDA);
  options.optimizer.set_micro_batch_tokens(load.pass);
  options.optimizer.set_beta1(0.9);
  options.optimizer.set_beta2(0.95);
  options.optimizer.set_epsilon(1e-8);
  COHORT_ASSIGN_OR_RETURN(const auto policy, PolicyModel::Create(options, RandomModel(config)));
  const TokenBatch batch = Batch(config, load);
  COHORT_RETURN_IF_ERROR(Step(*policy, batch, 2));
  COHORT_ASSIGN_OR_RETURN(const double seconds, SecondsOf([&] { return Step(*policy, batch, load.passes); }));
  const double tokens = static_cast<double>(batch.rows()) * load.passes;
  const double flops = FlopsOfToken(config, load.sequence) * tokens / seconds;
  const auto device = cohort::cuda::UseDevice(0);
  COHORT_RETURN_IF_ERROR(Snapshot(*policy));  // A virtual machine may have to get the memory first.
  COHORT_ASSIGN_OR_RETURN(const double snapshot_seconds, SecondsOf([&] { return Snapshot(*policy); }));
  const char* commit = std::getenv("COHORT_COMMIT");
  std::printf("{\"bench\": \"learner\", \"model\": \"%s\", \"batch\": %d, \"prompt_tokens\": 0, \"new_tokens\": %d, \"tokens_per_s\": %.0f, \"step_s\": %.3f, "
              "\"model_tflops\": %.1f, \"mfu\": %.4f, \"snapshot_s\": %.3f, \"gpu_mib_used\": %lld, \"gpu_mib_estimated\": %lld, \"device\": \"%s\", \"commit\": \"%s\"}\n",
              name.c_str(), load.pass / load.sequence * load.passes, load.sequence, tokens / seconds, seconds, flops / 1e12, flops / kPeakFlops, snapshot_seconds,
              static_cast<long long>(device.ok() ? (device->total_bytes - device->free_bytes) >> 20 : 0), static_cast<long long>(EstimatedBytes(config, options) >> 20), device.ok() ? device->name.c_str() : "", commit == nullptr ? "" : commit);
  std::fflush(stdout);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  const std::map<std::string, int*> numbers = {{"--sequence", &load.sequence}, {"--pass", &load.pass}, {"--passes", &load.passes}};
  for (const auto& [name, config] : cohort::bench::ChosenShapes(argc, argv, numbers, {"Qwen2.5-0.5B", "Qwen2.5-1.5B"})) {
    const pid_t child = fork();
    if (child == 0) {
      const absl::Status benched = Bench(name, config, load);
      if (!benched.ok()) std::fprintf(stderr, "%s: %s\n", name.c_str(), std::string(benched.message()).c_str());
      return benched.ok() ? 0 : 1;
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  return 0;
}
