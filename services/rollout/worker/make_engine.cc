#include "services/rollout/worker/make_engine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/rollout/engine/cpu/cpu_engine.h"

#if COHORT_CUDA
#include "common/cuda/device.h"
#include "services/rollout/engine/cuda/cuda_engine.h"
#endif

namespace cohort::rollout {
namespace {

constexpr int64_t kDefaultCpuMegabytes = 2048;

int64_t ContextOf(const WorkerOptions& options, const model::ModelConfig& config) {
  if (options.max_context > 0 || options.longest_sequence == 0) return options.max_context;
  return model::ContextFor(config, options.longest_sequence);
}

absl::StatusOr<std::unique_ptr<Engine>> MakeCpuEngine(const WorkerOptions& options, const model::ModelConfig& config, const model::ArenaLayout& layout) {
  cpu::CpuEngineOptions engine_options;
  engine_options.threads = options.threads;
  engine_options.max_batch = options.max_batch;
  engine_options.max_context = ContextOf(options, config);
  engine_options.kv_bytes = (options.kv_megabytes > 0 ? options.kv_megabytes : kDefaultCpuMegabytes) << 20;
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, cpu::CpuEngine::Create(config, layout, engine_options));
  COHORT_LOG(INFO) << "engine: " << config.architecture << " of " << layout.size() << " parameters, " << cpu::BestKernels().name << " kernels on "
                   << options.threads << " threads, batch " << options.max_batch << ", context " << engine->max_context();
  return engine;
}

#if COHORT_CUDA
bool HasGpu() { return cohort::cuda::DeviceCount() > 0; }

absl::StatusOr<std::unique_ptr<Engine>> MakeCudaEngine(const WorkerOptions& options, const model::ModelConfig& config, const model::ArenaLayout& layout) {
  cuda::CudaEngineOptions engine_options;
  engine_options.device = options.gpu;
  engine_options.max_batch = options.max_batch;
  engine_options.max_context = ContextOf(options, config);
  engine_options.kv_bytes = options.kv_megabytes << 20;
  engine_options.sink = options.broadcasts && !options.standalone;
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, cuda::CudaEngine::Create(config, layout, engine_options));
  COHORT_LOG(INFO) << "engine: " << config.architecture << " of " << layout.size() << " parameters in bf16 on GPU " << options.gpu << ", batch " << options.max_batch
                   << ", context " << engine->max_context() << ", " << engine->load().free_kv_tokens << " positions of keys and values";
  return engine;
}
#else
bool HasGpu() { return false; }

absl::StatusOr<std::unique_ptr<Engine>> MakeCudaEngine(const WorkerOptions&, const model::ModelConfig&, const model::ArenaLayout&) {
  return absl::UnavailableError("device is CUDA, but this cohort-rollout was built without it: configure with -DCOHORT_CUDA=ON, or set rollout.device to AUTO");
}
#endif

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(const WorkerOptions& options, const model::ModelConfig& config, const model::ArenaLayout& layout) {
  const bool automatic = options.device == config::v1::DEVICE_AUTO;
  if (options.device == config::v1::DEVICE_CPU || (automatic && !HasGpu())) return MakeCpuEngine(options, config, layout);
  auto engine = MakeCudaEngine(options, config, layout);
  // A model that the GPU's kernels do not compute, such as one with small heads.
  if (automatic && absl::IsInvalidArgument(engine.status())) {
    COHORT_LOG(WARNING) << "the GPU is not used: " << engine.status().message();
    return MakeCpuEngine(options, config, layout);
  }
  return engine;
}

}  // namespace cohort::rollout
