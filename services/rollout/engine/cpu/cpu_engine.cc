#include "services/rollout/engine/cpu/cpu_engine.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/random/philox.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/rollout/engine/request_check.h"

namespace cohort::rollout::cpu {
namespace {

SchedulerOptions ForScheduler(const model::ModelConfig& config, const CpuEngineOptions& options, int64_t pages) {
  SchedulerOptions scheduler;
  scheduler.vocab_size = config.vocab_size;
  scheduler.eos_token_ids = config.eos_token_ids;
  scheduler.max_context = options.max_context;
  scheduler.max_batch = options.max_batch;
  scheduler.prefill_tokens = options.prefill_tokens;
  scheduler.pages = pages;
  scheduler.page_tokens = kPageTokens;
  scheduler.whole_prompts = true;
  scheduler.expected_share = options.expected_share;
  return scheduler;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CpuEngine>> CpuEngine::Create(const model::ModelConfig& config, const model::ArenaLayout& layout,
                                                             const CpuEngineOptions& given) {
  CpuEngineOptions options = given;
  if (options.threads < 1) return absl::InvalidArgumentError("the engine needs at least one thread");
  if (options.max_batch < 1) return absl::InvalidArgumentError("the engine needs a batch of at least one sequence");
  if (options.prefill_tokens < 1) return absl::InvalidArgumentError("the engine must prefill at least one token in a step");
  COHORT_ASSIGN_OR_RETURN(options.max_context, ChooseContext(config, given.max_context));
  const int64_t page_bytes = config.num_layers * config.num_kv_heads * 2 * RoundUpToLanes(config.head_dim) * kPageTokens * int64_t{sizeof(float)};
  // One page more for each sequence: the shared prompt ends in the middle of a page that every sample copies.
  const int64_t useful = options.max_batch * (RoundUpToLanes(options.max_context) / kPageTokens + 1);
  const int64_t pages = std::min(useful, options.kv_bytes / page_bytes);
  if (pages < 2) {
    return absl::InvalidArgumentError(absl::StrCat("the key/value cache of ", options.kv_bytes, " bytes holds not even two pages of ", page_bytes, " bytes"));
  }
  try {
    return std::unique_ptr<CpuEngine>(new CpuEngine(config, layout, options, pages));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat("not enough memory for the model and ", pages * page_bytes >> 20, " MiB of keys and values"));
  }
}

CpuEngine::CpuEngine(const model::ModelConfig& config, const model::ArenaLayout& layout, const CpuEngineOptions& options, int64_t pages)
    : config_(config),
      options_(options),
      arena_size_(layout.size()),
      kernels_(options.kernels != nullptr ? *options.kernels : BestKernels()),
      pool_(options.threads),
      decoder_(config, layout, kernels_, pool_, options.max_batch + options.prefill_tokens, options.max_context),
      cache_(config, pages),
      scheduler_(ForScheduler(config, options, pages)) {
  for (int i = 0; i < pool_.threads(); ++i) samplers_.emplace_back(kernels_, config.vocab_size);
}

CpuEngine::~CpuEngine() = default;

absl::Status CpuEngine::SetWeights(std::shared_ptr<const model::Arena> weights, int64_t version) {
  if (weights->size() != arena_size_) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights->size(), " elements do not fit the model, which has ", arena_size_));
  }
  if (weights->dtype() != model::DType::kFloat32) {
    auto exact = std::make_shared<model::Arena>(weights->size());
    model::Convert(*weights, *exact);
    weights = std::move(exact);
  }
  decoder_.SetWeights(std::move(weights));
  version_ = version;
  return absl::OkStatus();
}

absl::Status CpuEngine::Step() {
  if (scheduler_.empty()) return absl::OkStatus();
  if (version_ < 0) return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_POLICY", "the engine has no weights yet");
  CollectRows(scheduler_.Plan());
  decoder_.Forward(rows_, cache_);
  SampleRows();
  KeepFirstLogits();
  StartSamples();
  scheduler_.Retire();
  return absl::OkStatus();
}

void CpuEngine::CollectRows(const std::vector<PrefillPiece>& pieces) {
  rows_.clear();
  running_.clear();
  prefilled_.clear();
  for (Sample* sample : scheduler_.batch()) {
    if (sample->state != Sample::State::kRunning) continue;
    const int64_t position = sample->position();
    rows_.push_back({sample->TokenAt(position), static_cast<int32_t>(position), sample->pages.data(), true});
    running_.push_back(sample);
  }
  for (const PrefillPiece& piece : pieces) {
    const bool ends = piece.sample == nullptr && piece.end == piece.group->prompt_size();
    for (int64_t at = piece.begin; at < piece.end; ++at) {
      rows_.push_back({piece.TokenAt(at), static_cast<int32_t>(at), piece.pages().data(), ends && at + 1 == piece.end});
    }
    if (ends) prefilled_.push_back(piece.group);
  }
}

void CpuEngine::SampleRows() {
  choices_.resize(running_.size());
  pool_.For(running_.size(), 1, [this](int thread, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) choices_[i] = Draw(*running_[i], decoder_.logits(i), thread);
  });
  for (size_t i = 0; i < running_.size(); ++i) Take(*running_[i], choices_[i], version_);
}

void CpuEngine::KeepFirstLogits() {
  for (size_t i = 0; i < prefilled_.size(); ++i) {
    const float* logits = decoder_.logits(static_cast<int64_t>(running_.size() + i));
    prefilled_[i]->first_logits.assign(logits, logits + RoundUpToLanes(config_.vocab_size));
    prefilled_[i]->first_version = version_;
  }
}

void CpuEngine::StartSamples() {
  for (const SampleStart& start : scheduler_.StartSamples()) {
    if (start.copy.to >= 0) cache_.Copy(start.copy.from, start.copy.to);
    Sample& sample = *start.sample;
    if (sample.issued == 0) Take(sample, Draw(sample, sample.group->first_logits.data(), 0), sample.group->first_version);
  }
}

Choice CpuEngine::Draw(const Sample& sample, const float* logits, int thread) {
  const GroupRequest& request = sample.group->request;
  random::SampleKey key;
  key.seed = request.sampling.seed();
  key.step = request.step;
  key.slot = request.slot;
  key.sample = sample.index;
  key.position = static_cast<int32_t>(sample.issued);
  return samplers_[thread].Sample(logits, request.sampling, random::SamplingUniform(key));
}

void CpuEngine::Take(Sample& sample, const Choice& choice, int64_t version) {
  ++sample.issued;
  scheduler_.Record(sample, choice.token, choice.logprob, version);
}

}  // namespace cohort::rollout::cpu
