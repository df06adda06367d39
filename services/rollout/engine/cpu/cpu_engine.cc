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


int64_t PagesFor(int64_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

}  // namespace

// A group from Add() until its last sample has ended.
struct CpuEngine::Group {
  GroupRequest request;
  int64_t most_tokens = 0;             // Of one completion; what the context leaves of max_new_tokens.
  int concurrency = 0;                 // Samples that run side by side.
  int64_t reserved_pages = 0;
  std::vector<int32_t> prompt_pages;
  int64_t prefilled = 0;               // Prompt tokens in the cache.
  std::vector<float> first_logits;     // After the last prompt token; every sample begins with them.
  int64_t first_version = -1;          // The policy version they come from.
  int started = 0;
  int running = 0;
  int ended = 0;
  bool aborted = false;
  absl::Status status;
  std::vector<FinishedSample> samples;

  bool done() const { return aborted || !status.ok() || ended == request.samples; }
};

// A sample between its first and its last token.
struct CpuEngine::Sequence {
  Group* group = nullptr;
  int sample = 0;
  int32_t last_token = 0;
  int64_t position = 0;                // Of last_token in the context.
  std::vector<int32_t> pages;
  bool ended = false;
};

absl::StatusOr<std::unique_ptr<CpuEngine>> CpuEngine::Create(const model::ModelConfig& config, const model::ArenaLayout& layout,
                                                             const CpuEngineOptions& given) {
  CpuEngineOptions options = given;
  if (options.threads < 1) return absl::InvalidArgumentError("the engine needs at least one thread");
  if (options.max_batch < 1) return absl::InvalidArgumentError("the engine needs a batch of at least one sequence");
  if (options.prefill_tokens < 1) return absl::InvalidArgumentError("the engine must prefill at least one token in a step");
  COHORT_ASSIGN_OR_RETURN(options.max_context, ChooseContext(config, given.max_context));
  const int64_t page_bytes = config.num_layers * config.num_kv_heads * 2 * RoundUpToLanes(config.head_dim) * kPageTokens * int64_t{sizeof(float)};
  // One page more for each sequence: the shared prompt ends in the middle of a page that every sample copies.
  const int64_t useful = options.max_batch * (PagesFor(options.max_context) + 1);
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
      cache_(config, pages) {
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

absl::Status CpuEngine::Check(const GroupRequest& request) const {
  COHORT_RETURN_IF_ERROR(CheckGroupRequest(request, config_.vocab_size, options_.max_context));
  for (const auto& group : groups_) {
    if (group->request.id == request.id) return absl::InvalidArgumentError(absl::StrCat("group ", request.id, " is in the engine already"));
  }
  return absl::OkStatus();
}

absl::Status CpuEngine::Add(GroupRequest request) {
  COHORT_RETURN_IF_ERROR(Check(request));
  const int64_t prompt = static_cast<int64_t>(request.prompt.size());
  auto group = std::make_unique<Group>();
  group->most_tokens = std::min<int64_t>(request.sampling.max_new_tokens(), options_.max_context - prompt);
  const int64_t shared_pages = PagesFor(prompt);
  const int64_t private_pages = PagesFor(prompt + group->most_tokens) - prompt / kPageTokens;
  group->concurrency = static_cast<int>(
      std::min<int64_t>({request.samples, options_.max_batch, (cache_.pages() - shared_pages) / private_pages}));
  if (group->concurrency < 1) {
    return absl::InvalidArgumentError(absl::StrCat("a prompt of ", prompt, " and a completion of ", group->most_tokens,
                                                   " tokens do not fit into the key/value cache of ", cache_.pages() * kPageTokens, " positions"));
  }
  group->reserved_pages = shared_pages + group->concurrency * private_pages;
  if (reserved_sequences_ + group->concurrency > options_.max_batch || reserved_pages_ + group->reserved_pages > cache_.pages()) {
    return absl::ResourceExhaustedError("the engine is full");
  }
  reserved_sequences_ += group->concurrency;
  reserved_pages_ += group->reserved_pages;
  group->samples.resize(request.samples);
  group->request = std::move(request);
  groups_.push_back(std::move(group));
  return absl::OkStatus();
}

absl::Status CpuEngine::Step() {
  if (groups_.empty()) return absl::OkStatus();
  if (version_ < 0) return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_POLICY", "the engine has no weights yet");
  CollectRows();
  decoder_.Forward(rows_, cache_);
  SampleRows();
  FinishPrefills();
  RetireFinished();
  return absl::OkStatus();
}

void CpuEngine::CollectRows() {
  rows_.clear();
  prefilled_.clear();
  for (Sequence& sequence : sequences_) {
    if (sequence.position / kPageTokens == static_cast<int64_t>(sequence.pages.size())) sequence.pages.push_back(cache_.Allocate());
    rows_.push_back({sequence.last_token, static_cast<int32_t>(sequence.position), sequence.pages.data(), true});
  }
  int64_t budget = options_.prefill_tokens;
  for (const auto& group : groups_) {
    const std::vector<int32_t>& prompt = group->request.prompt;
    const int64_t size = static_cast<int64_t>(prompt.size());
    if (group->prefilled == size) continue;
    while (static_cast<int64_t>(group->prompt_pages.size()) < PagesFor(size)) group->prompt_pages.push_back(cache_.Allocate());
    for (; group->prefilled < size && budget > 0; ++group->prefilled, --budget) {
      const bool last = group->prefilled + 1 == size;
      rows_.push_back({prompt[group->prefilled], static_cast<int32_t>(group->prefilled), group->prompt_pages.data(), last});
      if (last) prefilled_.push_back(group.get());
    }
    if (budget == 0) break;
  }
}

void CpuEngine::SampleRows() {
  choices_.resize(sequences_.size());
  pool_.For(sequences_.size(), 1, [this](int thread, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Sequence& sequence = sequences_[i];
      const int64_t position = static_cast<int64_t>(sequence.group->samples[sequence.sample].tokens.size());
      choices_[i] = Draw(*sequence.group, sequence.sample, position, decoder_.logits(i), thread);
    }
  });
  for (size_t i = 0; i < sequences_.size(); ++i) {
    Sequence& sequence = sequences_[i];
    sequence.ended = Record(*sequence.group, sequence.sample, choices_[i], version_);
    if (sequence.ended) --sequence.group->running;
    sequence.last_token = choices_[i].token;
    ++sequence.position;
  }
}

void CpuEngine::FinishPrefills() {
  for (size_t i = 0; i < prefilled_.size(); ++i) {
    const float* logits = decoder_.logits(static_cast<int64_t>(sequences_.size() + i));
    prefilled_[i]->first_logits.assign(logits, logits + RoundUpToLanes(config_.vocab_size));
    prefilled_[i]->first_version = version_;
  }
}

void CpuEngine::StartSamples(Group& group) {
  const int64_t prompt = static_cast<int64_t>(group.request.prompt.size());
  while (!group.done() && group.started < group.request.samples && group.running < group.concurrency) {
    const int sample = group.started++;
    const Choice choice = Draw(group, sample, 0, group.first_logits.data(), 0);
    if (Record(group, sample, choice, group.first_version)) continue;
    Sequence sequence;
    sequence.group = &group;
    sequence.sample = sample;
    sequence.last_token = choice.token;
    sequence.position = prompt;
    // Whole pages of the prompt are shared; the last one goes on differently in every sample.
    for (int64_t page = 0; page < prompt / kPageTokens; ++page) {
      cache_.AddReference(group.prompt_pages[page]);
      sequence.pages.push_back(group.prompt_pages[page]);
    }
    if (prompt % kPageTokens != 0) {
      sequence.pages.push_back(cache_.Allocate());
      cache_.Copy(group.prompt_pages.back(), sequence.pages.back());
    }
    ++group.running;
    sequences_.push_back(std::move(sequence));
  }
}

Choice CpuEngine::Draw(const Group& group, int sample, int64_t position, const float* logits, int thread) {
  random::SampleKey key;
  key.seed = group.request.sampling.seed();
  key.step = group.request.step;
  key.slot = group.request.slot;
  key.sample = sample;
  key.position = static_cast<int32_t>(position);
  return samplers_[thread].Sample(logits, group.request.sampling, random::SamplingUniform(key));
}

bool CpuEngine::Record(Group& group, int index, const Choice& choice, int64_t version) {
  if (choice.token < 0) {
    group.status = ErrorWithReason(absl::StatusCode::kInternal, "NON_FINITE", absl::StrCat("policy version ", version, " gave logits that are no numbers"));
    return true;
  }
  FinishedSample& sample = group.samples[index];
  sample.tokens.push_back(choice.token);
  sample.logprobs.push_back(choice.logprob);
  sample.versions.push_back(version);
  ++tokens_;
  if (std::find(config_.eos_token_ids.begin(), config_.eos_token_ids.end(), choice.token) != config_.eos_token_ids.end()) {
    sample.finish_reason = common::v1::FINISH_REASON_STOP;
  } else if (static_cast<int64_t>(sample.tokens.size()) >= group.most_tokens) {
    sample.finish_reason = common::v1::FINISH_REASON_LENGTH;
  }
  if (group.request.stream) streamed_.push_back({group.request.id, index, choice.token, choice.logprob, version, sample.finish_reason});
  if (sample.finish_reason == common::v1::FINISH_REASON_UNSPECIFIED) return false;
  ++group.ended;
  return true;
}

void CpuEngine::RetireFinished() {
  const auto retire_sequences = [this] {
    const auto gone = [this](Sequence& sequence) {
      if (!sequence.ended && !sequence.group->done()) return false;
      ReleasePages(sequence.pages);
      return true;
    };
    sequences_.erase(std::remove_if(sequences_.begin(), sequences_.end(), gone), sequences_.end());
  };
  retire_sequences();
  for (const auto& group : groups_) {
    if (group->first_version >= 0) StartSamples(*group);
  }
  // A group may have failed while its samples were started.
  retire_sequences();
  const auto gone = [this](std::unique_ptr<Group>& group) {
    if (!group->done()) return false;
    ReleasePages(group->prompt_pages);
    reserved_pages_ -= group->reserved_pages;
    reserved_sequences_ -= group->concurrency;
    if (!group->aborted) finished_.push_back({group->request.id, group->status, std::move(group->samples)});
    return true;
  };
  groups_.erase(std::remove_if(groups_.begin(), groups_.end(), gone), groups_.end());
}

void CpuEngine::ReleasePages(std::vector<int32_t>& pages) {
  for (int32_t page : pages) cache_.Release(page);
  pages.clear();
}

std::vector<FinishedGroup> CpuEngine::TakeFinished() { return std::exchange(finished_, {}); }

std::vector<SampledToken> CpuEngine::TakeTokens() { return std::exchange(streamed_, {}); }

void CpuEngine::Abort(int64_t id) {
  for (const auto& group : groups_) {
    if (group->request.id == id) group->aborted = true;
  }
  RetireFinished();
}

EngineLoad CpuEngine::load() const {
  EngineLoad load;
  load.groups = static_cast<int>(groups_.size());
  load.sequences = static_cast<int>(sequences_.size());
  load.free_sequences = options_.max_batch - reserved_sequences_;
  load.free_kv_tokens = (cache_.pages() - reserved_pages_) * kPageTokens;
  load.tokens = tokens_;
  return load;
}

}  // namespace cohort::rollout::cpu
