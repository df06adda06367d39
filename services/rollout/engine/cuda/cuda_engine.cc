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

using cohort::cuda::DeviceBuffer;
using cohort::cuda::PinnedBuffer;
using cohort::cuda::ToStatus;

constexpr int kLargestBatch = 1024;
constexpr int64_t kReserveBytes = int64_t{1} << 30;  // For graphs and the driver's own needs.

int64_t PagesFor(int64_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

}  // namespace

// A group from Add() until its last sample has ended.
struct CudaEngine::Group {
  GroupRequest request;
  int64_t most_tokens = 0;             // Of one completion; what the context leaves of max_new_tokens.
  int concurrency = 0;                 // Samples that run side by side.
  int64_t reserved_pages = 0;
  bool truncates = false;
  std::vector<int32_t> prompt_pages;   // Of all prompt tokens but the last.
  int64_t prefilled = 0;               // Prompt tokens whose keys and values are enqueued.
  std::vector<int> rows;               // Of each sample; -1 when it does not run.
  int started = 0;
  int running = 0;
  int ended = 0;
  bool aborted = false;
  absl::Status status;
  std::vector<FinishedSample> samples;

  int64_t to_prefill() const { return static_cast<int64_t>(request.prompt.size()) - 1; }
  bool done() const { return aborted || !status.ok() || ended == request.samples; }
};

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
    : config_(config), options_(options), arena_size_(layout.size()), device_(device), rows_(options.max_batch) {}

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
  const int64_t batch = options_.max_batch, stride = decoder_->table_stride(), spans = options_.prefill_tokens / kPrefillTile + 2 * batch;
  for (Staging& staging : staging_) {
    COHORT_ASSIGN_OR_RETURN(staging.updates, PinnedBuffer<RowUpdate>::Allocate(batch, "row updates"));
    COHORT_ASSIGN_OR_RETURN(staging.update_tables, PinnedBuffer<int32_t>::Allocate(batch * stride, "page tables"));
    COHORT_ASSIGN_OR_RETURN(staging.copies, PinnedBuffer<int2>::Allocate(batch, "page copies"));
    COHORT_ASSIGN_OR_RETURN(staging.prompt_tokens, PinnedBuffer<int32_t>::Allocate(3 * options_.prefill_tokens, "prompts"));
    COHORT_ASSIGN_OR_RETURN(staging.prompt_tables, PinnedBuffer<int32_t>::Allocate(batch * stride, "page tables"));
    COHORT_ASSIGN_OR_RETURN(staging.spans, PinnedBuffer<PrefillSpan>::Allocate(spans, "prompts"));
    COHORT_ASSIGN_OR_RETURN(staging.results, PinnedBuffer<RowResult>::Allocate(batch, "results"));
    COHORT_ASSIGN_OR_RETURN(staging.done, cohort::cuda::MakeEvent(/*sleep=*/true));
  }
  COHORT_ASSIGN_OR_RETURN(updates_, DeviceBuffer<RowUpdate>::Allocate(batch, "row updates"));
  COHORT_ASSIGN_OR_RETURN(update_tables_, DeviceBuffer<int32_t>::Allocate(batch * stride, "page tables"));
  COHORT_ASSIGN_OR_RETURN(copies_, DeviceBuffer<int2>::Allocate(batch, "page copies"));
  COHORT_ASSIGN_OR_RETURN(prompt_tokens_, DeviceBuffer<int32_t>::Allocate(3 * options_.prefill_tokens, "prompts"));
  COHORT_ASSIGN_OR_RETURN(prompt_tables_, DeviceBuffer<int32_t>::Allocate(batch * stride, "page tables"));
  COHORT_ASSIGN_OR_RETURN(spans_, DeviceBuffer<PrefillSpan>::Allocate(spans, "prompts"));
  if (options_.sink) {
    COHORT_ASSIGN_OR_RETURN(__nv_bfloat16* const second, decoder_->weights().Second());
    COHORT_ASSIGN_OR_RETURN(sink_, SecondArena::Create(second, decoder_->weights().size() * 2, options_.device));
  }
  COHORT_ASSIGN_OR_RETURN(const int64_t pages, PagesThatFit());
  pool_ = std::make_unique<PagePool>(pages);
  return decoder_->Prepare(pages);
}

absl::StatusOr<int64_t> CudaEngine::PagesThatFit() const {
  size_t free = 0, total = 0;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemGetInfo(&free, &total), "reading the GPU's free memory"));
  const int64_t left = static_cast<int64_t>(free) - kReserveBytes;
  const int64_t bytes = options_.kv_bytes > 0 ? std::min(options_.kv_bytes, left) : left;
  // One page more for each sequence: the shared prompt ends in the middle of a page that every sample copies.
  const int64_t useful = options_.max_batch * (PagesFor(options_.max_context) + 1);
  const int64_t pages = std::min(useful, bytes / decoder_->page_bytes());
  if (pages < 2) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "GPU ", device_.index, " (", device_.name, ", ", device_.total_bytes >> 20, " MiB, ", device_.free_bytes >> 20, " MiB free at the start): weights (",
        arena_size_ * 2 >> 20, " MiB) and activations leave ", std::max<int64_t>(bytes, 0) >> 20,
        " MiB for keys and values; one page takes ", decoder_->page_bytes() >> 10, " KiB. Free the GPU, or lower max_batch"));
  }
  return pages;
}

absl::Status CudaEngine::SetWeights(std::shared_ptr<const model::Arena> weights, int64_t version) {
  if (weights->size() != arena_size_) {
    return absl::InvalidArgumentError(absl::StrCat("weights of ", weights->size(), " elements do not fit the model, which has ", arena_size_));
  }
  COHORT_RETURN_IF_ERROR(decoder_->weights().Upload(*weights, stream_.get()));
  version_ = version;
  return absl::OkStatus();
}

absl::Status CudaEngine::TakeFromSink(int64_t ticket, int64_t version) {
  if (sink_ == nullptr) return Engine::TakeFromSink(ticket, version);
  COHORT_RETURN_IF_ERROR(sink_->Take(ticket, decoder_->weights().first(), stream_.get()));
  version_ = version;
  return absl::OkStatus();
}

absl::Status CudaEngine::Add(GroupRequest request) {
  COHORT_RETURN_IF_ERROR(CheckGroupRequest(request, config_.vocab_size, options_.max_context));
  for (const auto& group : groups_) {
    if (group->request.id == request.id) return absl::InvalidArgumentError(absl::StrCat("group ", request.id, " is in the engine already"));
  }
  const int64_t prompt = static_cast<int64_t>(request.prompt.size());
  auto group = std::make_shared<Group>();
  group->most_tokens = std::min<int64_t>(request.sampling.max_new_tokens(), options_.max_context - prompt);
  const int64_t prompt_pages = PagesFor(prompt - 1);
  const int64_t private_pages = PagesFor(prompt + group->most_tokens) - (prompt - 1) / kPageTokens;
  group->concurrency = static_cast<int>(std::min<int64_t>({request.samples, options_.max_batch, (pool_->pages() - prompt_pages) / private_pages}));
  if (group->concurrency < 1) {
    return absl::InvalidArgumentError(absl::StrCat("a prompt of ", prompt, " and a completion of ", group->most_tokens,
                                                   " tokens do not fit into the key/value cache of ", pool_->pages() * kPageTokens, " positions"));
  }
  group->reserved_pages = prompt_pages + group->concurrency * private_pages;
  if (reserved_sequences_ + group->concurrency > options_.max_batch || reserved_pages_ + group->reserved_pages > pool_->pages()) {
    return absl::ResourceExhaustedError("the engine is full");
  }
  reserved_sequences_ += group->concurrency;
  reserved_pages_ += group->reserved_pages;
  group->truncates = Truncates(request.sampling, config_.vocab_size);
  group->samples.resize(request.samples);
  group->rows.assign(request.samples, -1);
  group->request = std::move(request);
  groups_.push_back(std::move(group));
  return absl::OkStatus();
}

absl::Status CudaEngine::Step() {
  if (version_ < 0) return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NO_POLICY", "the engine has no weights yet");
  const int now = static_cast<int>(steps_ % 2);
  Flight& flight = flights_[now];
  COHORT_RETURN_IF_ERROR(EnqueuePrefill());
  const size_t groups = groups_.size();
  for (size_t i = 0; i < groups; ++i) StartSamples(groups_[i]);
  CompactRows();
  COHORT_RETURN_IF_ERROR(EnqueueUpdates());
  COHORT_RETURN_IF_ERROR(EnqueueDecode());
  if (flight.active) {
    COHORT_RETURN_IF_ERROR(ToStatus(cudaEventRecord(staging_[now].done.get(), stream_.get()), "a step"));
    ++steps_;
  }
  // The other one is the step before, when there is one.
  const int before = 1 - now;
  COHORT_RETURN_IF_ERROR(Collect(flights_[before], staging_[before]));
  RetireFinished();
  return absl::OkStatus();
}

template <typename T>
absl::Status CudaEngine::ToDevice(const DeviceBuffer<T>& to, const PinnedBuffer<T>& from, int64_t count) {
  return ToStatus(cudaMemcpyAsync(to.data(), from.data(), count * sizeof(T), cudaMemcpyHostToDevice, stream_.get()), "copying to the GPU");
}

absl::Status CudaEngine::EnqueuePrefill() {
  Staging& staging = staging_[steps_ % 2];
  const int64_t most = options_.prefill_tokens;
  const int stride = decoder_->table_stride();
  PrefillBatch batch;
  int prompts = 0;
  for (const auto& group : groups_) {
    if (group->done() || group->prefilled == group->to_prefill()) continue;
    if (batch.tokens == most || prompts == options_.max_batch) break;
    while (static_cast<int64_t>(group->prompt_pages.size()) < PagesFor(group->to_prefill())) group->prompt_pages.push_back(pool_->Allocate());
    std::copy(group->prompt_pages.begin(), group->prompt_pages.end(), staging.prompt_tables.data() + int64_t{prompts} * stride);
    const int64_t end = std::min(group->to_prefill(), group->prefilled + most - batch.tokens);
    for (int64_t tile = group->prefilled; tile < end; tile += kPrefillTile) {
      staging.spans[batch.tiles++] = {static_cast<int32_t>(batch.tokens + tile - group->prefilled), static_cast<int32_t>(std::min<int64_t>(kPrefillTile, end - tile)),
                                      static_cast<int32_t>(tile), prompts};
    }
    for (; group->prefilled < end; ++group->prefilled, ++batch.tokens) {
      staging.prompt_tokens[batch.tokens] = group->request.prompt[group->prefilled];
      staging.prompt_tokens[most + batch.tokens] = static_cast<int32_t>(group->prefilled);
      staging.prompt_tokens[2 * most + batch.tokens] = prompts;
    }
    ++prompts;
  }
  if (batch.tokens == 0) return absl::OkStatus();
  flights_[steps_ % 2].active = true;
  COHORT_RETURN_IF_ERROR(ToDevice(prompt_tokens_, staging.prompt_tokens, 3 * most));
  COHORT_RETURN_IF_ERROR(ToDevice(prompt_tables_, staging.prompt_tables, int64_t{prompts} * stride));
  COHORT_RETURN_IF_ERROR(ToDevice(spans_, staging.spans, batch.tiles));
  batch.ids = prompt_tokens_.data();
  batch.positions = prompt_tokens_.data() + most;
  batch.table_of_token = prompt_tokens_.data() + 2 * most;
  batch.spans = spans_.data();
  batch.tables = {prompt_tables_.data(), stride};
  return decoder_->Prefill(batch);
}

void CudaEngine::StartSamples(const std::shared_ptr<Group>& group) {
  while (!group->done() && group->prefilled == group->to_prefill() && group->started < group->request.samples && group->running < group->concurrency) {
    StartSample(group, FirstFreeRow());
  }
}

void CudaEngine::StartSample(const std::shared_ptr<Group>& group, int index) {
  const GroupRequest& request = group->request;
  const int64_t fed = group->to_prefill();
  Row& row = rows_[index];
  row.group = group;
  row.sample = group->started++;
  row.issued = 0;
  ++group->running;
  ++live_rows_;
  group->rows[row.sample] = index;
  // Whole pages of the prompt are shared; the last one goes on differently in every sample.
  for (int64_t page = 0; page < fed / kPageTokens; ++page) {
    pool_->AddReference(group->prompt_pages[page]);
    row.pages.push_back(group->prompt_pages[page]);
  }
  if (fed % kPageTokens != 0) {
    row.pages.push_back(pool_->Allocate());
    pending_copies_.push_back({group->prompt_pages.back(), row.pages.back()});
  }
  while (static_cast<int64_t>(row.pages.size()) < PagesFor(fed + 1 + group->most_tokens)) row.pages.push_back(pool_->Allocate());
  RowUpdate update;
  update.to = index;
  update.row.token = request.prompt.back();
  update.row.position = static_cast<int32_t>(fed);
  update.row.most_tokens = static_cast<int32_t>(group->most_tokens);
  update.row.temperature = request.sampling.temperature();
  update.row.top_p = request.sampling.top_p();
  update.row.min_p = request.sampling.min_p();
  update.row.top_k = request.sampling.top_k();
  update.row.seed = request.sampling.seed();
  update.row.step = static_cast<uint32_t>(request.step);
  update.row.slot = static_cast<uint32_t>(request.slot);
  update.row.sample = static_cast<uint32_t>(row.sample);
  update.row.truncates = group->truncates ? 1 : 0;
  SetPending(update);
}

void CudaEngine::SetPending(const RowUpdate& update) {
  const auto same = [&](const RowUpdate& other) { return other.to == update.to; };
  const auto it = std::find_if(pending_updates_.begin(), pending_updates_.end(), same);
  if (it == pending_updates_.end()) {
    pending_updates_.push_back(update);
  } else {
    *it = update;
  }
}

void CudaEngine::FreeRow(int index, bool still_runs) {
  Row& row = rows_[index];
  row.group->rows[row.sample] = -1;
  --row.group->running;
  --live_rows_;
  pool_->Release(row.pages);
  row.group.reset();
  if (!still_runs) return;
  RowUpdate update;
  update.to = index;
  SetPending(update);
}

int CudaEngine::FirstFreeRow() const {
  const auto free = [](const Row& row) { return row.group == nullptr; };
  return static_cast<int>(std::find_if(rows_.begin(), rows_.end(), free) - rows_.begin());
}

int CudaEngine::UsedRows() const {
  int used = options_.max_batch;
  while (used > 0 && rows_[used - 1].group == nullptr) --used;
  return used;
}

void CudaEngine::CompactRows() {
  // Rows that start with this very step are not on the GPU yet.
  const auto starts = [](const RowUpdate& update) { return update.row.position >= 0; };
  if (std::any_of(pending_updates_.begin(), pending_updates_.end(), starts)) return;
  for (int last = UsedRows() - 1, hole = FirstFreeRow(); hole < last && decoder_->BatchFor(live_rows_) < decoder_->BatchFor(last + 1);
       last = UsedRows() - 1, hole = FirstFreeRow()) {
    rows_[hole] = std::exchange(rows_[last], Row{});
    rows_[hole].group->rows[rows_[hole].sample] = hole;
    RowUpdate update;
    update.to = hole;
    update.from = last;
    SetPending(update);
  }
}

absl::Status CudaEngine::EnqueueUpdates() {
  if (pending_updates_.empty()) return absl::OkStatus();
  Staging& staging = staging_[steps_ % 2];
  flights_[steps_ % 2].active = true;
  const int stride = decoder_->table_stride(), count = static_cast<int>(pending_updates_.size());
  for (int i = 0; i < count; ++i) {
    const RowUpdate& update = pending_updates_[i];
    staging.updates[i] = update;
    const std::vector<int32_t>& pages = rows_[update.to].pages;
    std::copy(pages.begin(), pages.end(), staging.update_tables.data() + int64_t{i} * stride);
  }
  COHORT_RETURN_IF_ERROR(ToDevice(updates_, staging.updates, count));
  COHORT_RETURN_IF_ERROR(ToDevice(update_tables_, staging.update_tables, int64_t{count} * stride));
  ApplyRowUpdates(updates_.data(), count, update_tables_.data(), stride, decoder_->rows(), decoder_->tables(), stream_.get());
  COHORT_RETURN_IF_ERROR(cohort::cuda::LaunchStatus("updating rows"));
  pending_updates_.clear();
  if (pending_copies_.empty()) return absl::OkStatus();
  std::copy(pending_copies_.begin(), pending_copies_.end(), staging.copies.data());
  const int copies = static_cast<int>(pending_copies_.size());
  pending_copies_.clear();
  COHORT_RETURN_IF_ERROR(ToDevice(copies_, staging.copies, copies));
  return decoder_->CopyPages(copies_.data(), copies);
}

absl::Status CudaEngine::EnqueueDecode() {
  Flight& flight = flights_[steps_ % 2];
  flight.version = version_;
  bool truncates = false;
  for (int r = 0; r < options_.max_batch; ++r) {
    Row& row = rows_[r];
    if (row.group == nullptr || row.issued == row.group->most_tokens) continue;
    ++row.issued;
    truncates = truncates || row.group->truncates;
    flight.targets.push_back({row.group, row.sample, r});
  }
  if (flight.targets.empty()) return absl::OkStatus();
  flight.active = true;
  const int used = flight.targets.back().row + 1;
  COHORT_RETURN_IF_ERROR(decoder_->Decode(used, truncates));
  return ToStatus(cudaMemcpyAsync(staging_[steps_ % 2].results.data(), decoder_->results(), used * sizeof(RowResult), cudaMemcpyDeviceToHost, stream_.get()),
                  "copying results from the GPU");
}

absl::Status CudaEngine::Collect(Flight& flight, Staging& staging) {
  if (!flight.active) return absl::OkStatus();
  COHORT_RETURN_IF_ERROR(ToStatus(cudaEventSynchronize(staging.done.get()), "a step on the GPU"));
  for (const Target& target : flight.targets) Record(target, staging.results[target.row], flight.version);
  flight.targets.clear();
  flight.active = false;
  return absl::OkStatus();
}

void CudaEngine::Record(const Target& target, const RowResult& result, int64_t version) {
  Group& group = *target.group;
  FinishedSample& sample = group.samples[target.sample];
  // An ended sample's row was still in the step that had been enqueued before its end was known.
  if (group.done() || sample.finish_reason != common::v1::FINISH_REASON_UNSPECIFIED) return;
  if (result.token < 0) {
    group.status = ErrorWithReason(absl::StatusCode::kInternal, "NON_FINITE", absl::StrCat("policy version ", version, " gave logits that are no numbers"));
    return;
  }
  sample.tokens.push_back(result.token);
  sample.logprobs.push_back(result.logprob);
  sample.versions.push_back(version);
  ++tokens_;
  if (result.ended != 0) {
    const auto& eos = config_.eos_token_ids;
    const bool stop = std::find(eos.begin(), eos.end(), result.token) != eos.end();
    sample.finish_reason = stop ? common::v1::FINISH_REASON_STOP : common::v1::FINISH_REASON_LENGTH;
    FreeRow(group.rows[target.sample], /*still_runs=*/false);
    ++group.ended;
  }
  if (group.request.stream) streamed_.push_back({group.request.id, target.sample, result.token, result.logprob, version, sample.finish_reason});
}

void CudaEngine::RetireFinished() {
  const auto gone = [this](std::shared_ptr<Group>& group) {
    if (!group->done()) return false;
    for (const int row : std::vector<int>(group->rows)) {
      if (row >= 0) FreeRow(row, /*still_runs=*/true);
    }
    pool_->Release(group->prompt_pages);
    reserved_pages_ -= group->reserved_pages;
    reserved_sequences_ -= group->concurrency;
    if (!group->aborted) finished_.push_back({group->request.id, group->status, std::move(group->samples)});
    return true;
  };
  groups_.erase(std::remove_if(groups_.begin(), groups_.end(), gone), groups_.end());
}

std::vector<FinishedGroup> CudaEngine::TakeFinished() { return std::exchange(finished_, {}); }

std::vector<SampledToken> CudaEngine::TakeTokens() { return std::exchange(streamed_, {}); }

void CudaEngine::Abort(int64_t id) {
  for (const auto& group : groups_) {
    if (group->request.id == id) group->aborted = true;
  }
  RetireFinished();
}

EngineLoad CudaEngine::load() const {
  EngineLoad load;
  load.groups = static_cast<int>(groups_.size());
  load.sequences = live_rows_;
  load.free_sequences = options_.max_batch - reserved_sequences_;
  load.free_kv_tokens = (pool_->pages() - reserved_pages_) * kPageTokens;
  load.tokens = tokens_;
  return load;
}

}  // namespace cohort::rollout::cuda
