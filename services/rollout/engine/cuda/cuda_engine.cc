#include "services/rollout/engine/cuda/cuda_engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/cuda/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/rollout/engine/request_check.h"

namespace cohort::rollout::cuda {
namespace {

using cohort::cuda::ToStatus;

constexpr int kLargestBatch = 1024;
constexpr int64_t kReserveBytes = int64_t{1} << 30;  // For graphs and the driver's own needs.

}  // namespace

absl::StatusOr<std::unique_ptr<CudaEngine>> CudaEngine::Create(const model::ModelConfig& config, const model::ArenaLayout& layout,
                                                               const CudaEngineOptions& given) {
  CudaEngineOptions options = given;
  if (options.max_batch < 1 || options.max_batch > kLargestBatch) {
    return absl::InvalidArgumentError(absl::StrCat("a batch of ", options.max_batch, " sequences is impossible on a GPU: 1 to ", kLargestBatch));
  }
  if (options.prefill_tokens < 1) return absl::InvalidArgumentError("the engine must prefill at least one token in a step");
  COHORT_ASSIGN_OR_RETURN(options.max_context, ChooseContext(config, given.max_context));
  COHORT_ASSIGN_OR_RETURN(const cohort::cuda::DeviceInfo device, cohort::cuda::UseDevice(options.device));
  std::unique_ptr<CudaEngine> engine(new CudaEngine(config, layout, options, device));
  COHORT_RETURN_IF_ERROR(engine->Allocate(layout));
  return engine;
}

CudaEngine::CudaEngine(const model::ModelConfig& config, const model::ArenaLayout& layout, const CudaEngineOptions& options,
                       const cohort::cuda::DeviceInfo& device)
    : config_(config), options_(options), arena_size_(layout.size()), device_(device) {}

CudaEngine::~CudaEngine() {
  if (stream_.get() != nullptr) cudaStreamSynchronize(stream_.get());
}

absl::Status CudaEngine::Allocate(const model::ArenaLayout& layout) {
  COHORT_ASSIGN_OR_RETURN(stream_, cohort::cuda::MakeStream());
  DecoderLimits limits;
  limits.max_batch = options_.max_batch;
  limits.max_context = options_.max_context;
  limits.prefill_tokens = options_.prefill_tokens;
  COHORT_ASSIGN_OR_RETURN(decoder_, Decoder::Create(config_, layout, limits, device_, stream_.get()));
  COHORT_ASSIGN_OR_RETURN(steps_, GpuSteps::Create(*decoder_, limits, stream_.get()));
  if (options_.sink) {
    COHORT_ASSIGN_OR_RETURN(__nv_bfloat16* const second, decoder_->weights().Second());
    COHORT_ASSIGN_OR_RETURN(sink_, SecondArena::Create(second, decoder_->weights().size() * 2, options_.device));
  }
  COHORT_ASSIGN_OR_RETURN(const int64_t pages, PagesThatFit());
  pipeline_ = std::make_unique<Pipeline>(ForScheduler(pages), *steps_);
  return decoder_->Prepare(pages);
}

absl::StatusOr<int64_t> CudaEngine::PagesThatFit() const {
  size_t free = 0, total = 0;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemGetInfo(&free, &total), "reading the GPU's free memory"));
  const int64_t left = static_cast<int64_t>(free) - kReserveBytes;
  const int64_t bytes = options_.kv_bytes > 0 ? std::min(options_.kv_bytes, left) : left;
  // One page more for each sequence: the shared prompt ends in the middle of a page that every sample copies.
  const int64_t useful = options_.max_batch * (int64_t{decoder_->table_stride()} + 1);
  const int64_t pages = std::min(useful, bytes / decoder_->page_bytes());
  if (pages < 2) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "GPU ", device_.index, " (", device_.name, ", ", device_.total_bytes >> 20, " MiB, ", device_.free_bytes >> 20, " MiB free at the start): weights (",
        arena_size_ * 2 >> 20, " MiB) and activations leave ", std::max<int64_t>(bytes, 0) >> 20,
        " MiB for keys and values; one page takes ", decoder_->page_bytes() >> 10, " KiB. Free the GPU, or lower max_batch"));
  }
  return pages;
}

SchedulerOptions CudaEngine::ForScheduler(int64_t pages) const {
  SchedulerOptions options;
  options.vocab_size = config_.vocab_size;
  options.eos_token_ids = config_.eos_token_ids;
  options.max_context = options_.max_context;
  options.max_batch = options_.max_batch;
  options.prefill_tokens = options_.prefill_tokens;
  options.pages = pages;
  options.page_tokens = kPageTokens;
  // While memory is plentiful the GPU is told of a row's pages once.
  options.pages_ahead = true;
  options.expected_share = options_.expected_share;
  return options;
}

absl::Status CudaEngine::SetWeights(std::shared_ptr<const model::Arena> weights, int64_t version) {
  if (weights->size() != arena_size_) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights->size(), " elements do not fit the model, which has ", arena_size_));
  }
  COHORT_RETURN_IF_ERROR(UseGpu());
  COHORT_RETURN_IF_ERROR(decoder_->weights().Upload(*weights, stream_.get()));
  version_ = version;
  return absl::OkStatus();
}

absl::Status CudaEngine::TakeFromSink(int64_t ticket, int64_t version) {
  if (sink_ == nullptr) return Engine::TakeFromSink(ticket, version);
  COHORT_RETURN_IF_ERROR(UseGpu());
  COHORT_RETURN_IF_ERROR(sink_->Take(ticket, decoder_->weights().first(), stream_.get()));
  version_ = version;
  return absl::OkStatus();
}

absl::Status CudaEngine::Step() {
  if (version_ < 0) return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_POLICY", "the engine has no weights yet");
  COHORT_RETURN_IF_ERROR(UseGpu());
  return pipeline_->Step(version_);
}

absl::Status CudaEngine::UseGpu() const { return ToStatus(cudaSetDevice(device_.index), "selecting the engine's GPU"); }

}  // namespace cohort::rollout::cuda
