#include "services/rollout/engine/cuda/decoder.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/cuda/status.h"
#include "common/model/rotary.h"
#include "common/status/status_macros.h"

namespace cohort::rollout::cuda {
namespace {

using cohort::cuda::DeviceBuffer;
using cohort::cuda::ToStatus;

constexpr int64_t kPrefillRounding = 256;  // Rows of prefill products come in multiples, so that few shapes occur.
constexpr int64_t kWidest = 16384;         // Of a row that AddRmsNorm takes.
constexpr int64_t kLargestVocab = 1 << 20;

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

std::vector<int> Buckets(int max_batch) {
  std::vector<int> buckets;
  for (const int size : {1, 2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256}) {
    if (size < max_batch) buckets.push_back(size);
  }
  for (int size = 320; size < max_batch; size += 64) buckets.push_back(size);
  buckets.push_back(max_batch);
  return buckets;
}

absl::Status CheckModel(const model::ModelConfig& c) {
  if (c.head_dim != 64 && c.head_dim != 128) {
    return absl::InvalidArgumentError(absl::StrCat("the CUDA engine computes attention heads of 64 and 128 elements; the model's have ", c.head_dim,
                                                   " (head_dim in config.json): use `device: cpu`"));
  }
  if (c.hidden_size % 8 != 0 || c.intermediate_size % 8 != 0 || c.hidden_size > kWidest) {
    return absl::InvalidArgumentError(absl::StrCat("the CUDA engine computes models whose hidden_size (", c.hidden_size, ") and intermediate_size (",
                                                   c.intermediate_size, ") are multiples of 8, at most ", kWidest, " wide"));
  }
  if (c.vocab_size > kLargestVocab) return absl::InvalidArgumentError(absl::StrCat("a vocabulary of ", c.vocab_size, " tokens is too large"));
  return absl::OkStatus();
}

// Cosine and sine of every position and pair.
std::vector<float2> RopeTable(const model::ModelConfig& config, int64_t positions) {
  std::vector<float> cosines(positions * config.head_dim / 2), sines(cosines.size());
  model::Rotary(config).FillTables(positions, cosines.data(), sines.data());
  std::vector<float2> table(cosines.size());
  for (size_t i = 0; i < table.size(); ++i) table[i] = {cosines[i], sines[i]};
  return table;
}

template <typename T>
absl::StatusOr<DeviceBuffer<T>> UploadNew(const std::vector<T>& values, absl::string_view what) {
  COHORT_ASSIGN_OR_RETURN(auto buffer, DeviceBuffer<T>::Allocate(static_cast<int64_t>(values.size()), what));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemcpy(buffer.data(), values.data(), buffer.bytes(), cudaMemcpyHostToDevice), what));
  return buffer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> Decoder::Create(const model::ModelConfig& config, const model::ArenaLayout& layout, const DecoderLimits& limits,
                                                         const cohort::cuda::DeviceInfo& device, cudaStream_t stream) {
  COHORT_RETURN_IF_ERROR(CheckModel(config));
  std::unique_ptr<Decoder> decoder(new Decoder(config, limits, device, stream));
  COHORT_RETURN_IF_ERROR(decoder->Allocate(layout));
  return decoder;
}

Decoder::Decoder(const model::ModelConfig& config, const DecoderLimits& limits, const cohort::cuda::DeviceInfo& device, cudaStream_t stream)
    : config_(config),
      limits_(limits),
      device_(device),
      stream_(stream),
      table_stride_(static_cast<int>(RoundUp(limits.max_context, kPageTokens) / kPageTokens)),
      scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(config.head_dim)))),
      qkv_product_{(config.num_heads + 2 * config.num_kv_heads) * config.head_dim, config.hidden_size},
      o_product_{config.hidden_size, config.num_heads * config.head_dim},
      gate_up_product_{2 * config.intermediate_size, config.hidden_size},
      down_product_{config.hidden_size, config.intermediate_size},
      head_product_{config.vocab_size, config.hidden_size, /*fp32_out=*/true},
      buckets_(Buckets(limits.max_batch)) {}

absl::Status Decoder::Allocate(const model::ArenaLayout& layout) {
  COHORT_ASSIGN_OR_RETURN(matmul_, Matmul::Create(stream_));
  COHORT_ASSIGN_OR_RETURN(weights_, DeviceWeights::Create(config_, layout));
  const int64_t batch = limits_.max_batch, rows = std::max(batch, RoundUp(limits_.prefill_tokens, kPrefillRounding));
  COHORT_ASSIGN_OR_RETURN(rows_, UploadNew(std::vector<DecodeRow>(batch), "rows"));
  COHORT_ASSIGN_OR_RETURN(tables_, DeviceBuffer<int32_t>::Allocate(batch * table_stride_, "page tables"));
  COHORT_ASSIGN_OR_RETURN(results_, DeviceBuffer<RowResult>::Allocate(batch, "results"));
  COHORT_ASSIGN_OR_RETURN(eos_, UploadNew(std::vector<int32_t>(config_.eos_token_ids.begin(), config_.eos_token_ids.end()), "end tokens"));
  COHORT_ASSIGN_OR_RETURN(rope_, UploadNew(RopeTable(config_, limits_.max_context), "rotary positions"));
  COHORT_ASSIGN_OR_RETURN(hidden_, DeviceBuffer<float>::Allocate(rows * config_.hidden_size, "activations"));
  COHORT_ASSIGN_OR_RETURN(normed_, DeviceBuffer<__nv_bfloat16>::Allocate(rows * config_.hidden_size, "activations"));
  COHORT_ASSIGN_OR_RETURN(qkv_, DeviceBuffer<__nv_bfloat16>::Allocate(rows * qkv_product_.outputs, "activations"));
  COHORT_ASSIGN_OR_RETURN(attended_, DeviceBuffer<__nv_bfloat16>::Allocate(rows * o_product_.inputs, "activations"));
  COHORT_ASSIGN_OR_RETURN(gate_up_, DeviceBuffer<__nv_bfloat16>::Allocate(rows * gate_up_product_.outputs, "activations"));
  COHORT_ASSIGN_OR_RETURN(inner_, DeviceBuffer<__nv_bfloat16>::Allocate(rows * config_.intermediate_size, "activations"));
  COHORT_ASSIGN_OR_RETURN(delta_, DeviceBuffer<__nv_bfloat16>::Allocate(rows * config_.hidden_size, "activations"));
  COHORT_ASSIGN_OR_RETURN(logits_, DeviceBuffer<float>::Allocate(batch * config_.vocab_size, "logits"));
  int64_t most_items = 0;
  for (const int bucket : buckets_) most_items = std::max(most_items, int64_t{bucket} * MostPieces(bucket));
  COHORT_ASSIGN_OR_RETURN(items_, DeviceBuffer<int2>::Allocate(most_items, "attention"));
  COHORT_ASSIGN_OR_RETURN(item_count_, DeviceBuffer<int32_t>::Allocate(2, "attention"));
  COHORT_ASSIGN_OR_RETURN(partial_, DeviceBuffer<float>::Allocate(most_items * config_.num_heads * (config_.head_dim + 2), "attention"));
  const int groups = DecodeAttentionGroups(static_cast<int>(config_.num_heads), static_cast<int>(config_.num_kv_heads));
  COHORT_ASSIGN_OR_RETURN(arrived_, UploadNew(std::vector<int32_t>(batch * groups), "attention"));
  COHORT_ASSIGN_OR_RETURN(sample_tiles_, DeviceBuffer<float4>::Allocate(batch * SampleTiles(static_cast<int>(config_.vocab_size)), "sampling"));
  return absl::OkStatus();
}

int64_t Decoder::page_bytes() const { return config_.num_layers * config_.num_kv_heads * 2 * kPageTokens * config_.head_dim * int64_t{sizeof(__nv_bfloat16)}; }

absl::Status Decoder::Prepare(int64_t pages) {
  pages_ = pages;
  COHORT_ASSIGN_OR_RETURN(cache_, DeviceBuffer<__nv_bfloat16>::Allocate(pages * page_bytes() / 2, "keys and values"));
  // Numbers that are neither zero nor all alike in their bits: some products are faster on zeros.
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemsetAsync(weights_.first(), 0x3c, weights_.size() * 2, stream_), "timing"));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemsetAsync(normed_.data(), 0x3c, normed_.bytes(), stream_), "timing"));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemsetAsync(attended_.data(), 0x3c, attended_.bytes(), stream_), "timing"));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemsetAsync(inner_.data(), 0x3c, inner_.bytes(), stream_), "timing"));
  for (const int bucket : buckets_) COHORT_RETURN_IF_ERROR(TuneProducts(bucket));
  // Once without a graph, on empty rows: a kernel may not be loaded for the first time while work is recorded.
  COHORT_RETURN_IF_ERROR(EnqueueDecode(buckets_[0], /*truncates=*/true));
  for (const int bucket : buckets_) {
    COHORT_ASSIGN_OR_RETURN((graphs_[{bucket, false}]), Capture(bucket, false));
  }
  return ToStatus(cudaStreamSynchronize(stream_), "preparing the decoder");
}

absl::Status Decoder::TuneProducts(int rows) {
  std::vector<const __nv_bfloat16*> qkv, o, gate_up, down;
  for (int64_t i = 0; i < weights_.layers(); ++i) {
    qkv.push_back(weights_.layer(i).qkv);
    o.push_back(weights_.layer(i).o);
    gate_up.push_back(weights_.layer(i).gate_up);
    down.push_back(weights_.layer(i).down);
  }
  const std::vector<const __nv_bfloat16*> head = {weights_.lm_head()};
  COHORT_RETURN_IF_ERROR(matmul_->Tune(qkv_product_, rows, normed_.data(), qkv, qkv_.data()));
  COHORT_RETURN_IF_ERROR(matmul_->Tune(o_product_, rows, attended_.data(), o, delta_.data()));
  COHORT_RETURN_IF_ERROR(matmul_->Tune(gate_up_product_, rows, normed_.data(), gate_up, gate_up_.data()));
  COHORT_RETURN_IF_ERROR(matmul_->Tune(down_product_, rows, inner_.data(), down, delta_.data()));
  return matmul_->Tune(head_product_, rows, normed_.data(), head, logits_.data());
}

int Decoder::BatchFor(int rows) const { return *std::lower_bound(buckets_.begin(), buckets_.end(), rows); }

// Small batches are cut finer, so that there are pieces enough for the whole GPU; long contexts into no more pieces than are merged quickly.
int Decoder::FinestSplit(int rows) const {
  const int64_t finest = rows >= 64 ? 256 : 128, most_pieces = rows >= 64 ? 16 : 64;
  return static_cast<int>(RoundUp(std::max(finest, (limits_.max_context + most_pieces - 1) / most_pieces), kPageTokens));
}

int Decoder::MostPieces(int rows) const {
  const int64_t split = FinestSplit(rows);
  return static_cast<int>((limits_.max_context + split - 1) / split);
}

PagedCache Decoder::CacheOf(int64_t layer) const {
  return {cache_.data() + layer * (cache_.size() / config_.num_layers), static_cast<int>(config_.num_kv_heads), static_cast<int>(config_.head_dim)};
}

QkvArgs Decoder::QkvOf(int64_t layer, int64_t rows, const PageTables& tables) const {
  const LayerWeights& weights = weights_.layer(layer);
  QkvArgs args;
  args.qkv = qkv_.data();
  args.rows = static_cast<int>(rows);
  args.heads = static_cast<int>(config_.num_heads);
  args.bias = weights.qkv_bias;
  args.q_norm = weights.q_norm;
  args.k_norm = weights.k_norm;
  args.epsilon = static_cast<float>(config_.rms_norm_eps);
  args.rope = rope_.data();
  args.cache = CacheOf(layer);
  args.tables = tables;
  return args;
}

absl::Status Decoder::FinishLayer(const LayerWeights& layer, int64_t rows) {
  const int count = static_cast<int>(rows);
  COHORT_RETURN_IF_ERROR(matmul_->Run(o_product_, rows, attended_.data(), layer.o, delta_.data()));
  AddRmsNorm(hidden_.data(), delta_.data(), layer.post_norm, static_cast<float>(config_.rms_norm_eps), count, static_cast<int>(config_.hidden_size),
             normed_.data(), stream_);
  COHORT_RETURN_IF_ERROR(matmul_->Run(gate_up_product_, rows, normed_.data(), layer.gate_up, gate_up_.data()));
  SiluMul(gate_up_.data(), count, static_cast<int>(config_.intermediate_size), inner_.data(), stream_);
  return matmul_->Run(down_product_, rows, inner_.data(), layer.down, delta_.data());
}

absl::Status Decoder::EnqueueDecode(int rows, bool truncates) {
  const int hidden = static_cast<int>(config_.hidden_size);
  const float epsilon = static_cast<float>(config_.rms_norm_eps);
  DecodeAttentionArgs attention;
  attention.qkv = qkv_.data();
  attention.rows = rows_.data();
  attention.count = rows;
  attention.heads = static_cast<int>(config_.num_heads);
  attention.scale = scale_;
  attention.tables = {tables_.data(), table_stride_};
  attention.plan = {items_.data(), item_count_.data(), item_count_.data() + 1, FinestSplit(rows)};
  attention.multiprocessors = device_.multiprocessors;
  attention.max_pieces = MostPieces(rows);
  attention.partial = partial_.data();
  attention.arrived = arrived_.data();
  attention.out = attended_.data();
  attention.cache = CacheOf(0);
  EmbedRows(rows_.data(), weights_.embedding(), rows, hidden, hidden_.data(), stream_);
  PlanDecodeAttention(attention, stream_);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    const LayerWeights& layer = weights_.layer(i);
    AddRmsNorm(hidden_.data(), i == 0 ? nullptr : delta_.data(), layer.input_norm, epsilon, rows, hidden, normed_.data(), stream_);
    COHORT_RETURN_IF_ERROR(matmul_->Run(qkv_product_, rows, normed_.data(), layer.qkv, qkv_.data()));
    PrepareDecodeQkv(QkvOf(i, rows, attention.tables), rows_.data(), stream_);
    attention.cache = CacheOf(i);
    DecodeAttention(attention, stream_);
    COHORT_RETURN_IF_ERROR(FinishLayer(layer, rows));
  }
  AddRmsNorm(hidden_.data(), delta_.data(), weights_.final_norm(), epsilon, rows, hidden, normed_.data(), stream_);
  COHORT_RETURN_IF_ERROR(matmul_->Run(head_product_, rows, normed_.data(), weights_.lm_head(), logits_.data()));
  SampleArgs sample;
  sample.logits = logits_.data();
  sample.count = rows;
  sample.vocab = static_cast<int>(config_.vocab_size);
  sample.rows = rows_.data();
  sample.eos = eos_.data();
  sample.eos_count = static_cast<int>(eos_.size());
  sample.tiles = sample_tiles_.data();
  sample.results = results_.data();
  SampleRows(sample, truncates, stream_);
  return cohort::cuda::LaunchStatus("a decode step");
}

absl::StatusOr<cohort::cuda::GraphExec> Decoder::Capture(int rows, bool truncates) {
  COHORT_RETURN_IF_ERROR(ToStatus(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording a decode step"));
  const absl::Status enqueued = EnqueueDecode(rows, truncates);
  cudaGraph_t recorded = nullptr;
  const absl::Status ended = ToStatus(cudaStreamEndCapture(stream_, &recorded), "recording a decode step");
  const cohort::cuda::Graph graph(recorded);
  COHORT_RETURN_IF_ERROR(enqueued);
  COHORT_RETURN_IF_ERROR(ended);
  cudaGraphExec_t executable = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaGraphInstantiate(&executable, graph.get(), 0), "making a graph of a decode step"));
  return cohort::cuda::GraphExec(executable);
}

absl::Status Decoder::Decode(int rows, bool truncates) {
  const int bucket = BatchFor(rows);
  auto& graph = graphs_[{bucket, truncates}];
  if (graph.get() == nullptr) {
    COHORT_ASSIGN_OR_RETURN(graph, Capture(bucket, truncates));
  }
  return ToStatus(cudaGraphLaunch(graph.get(), stream_), "a decode step");
}

absl::Status Decoder::Prefill(const PrefillBatch& batch) {
  const int hidden = static_cast<int>(config_.hidden_size);
  const int64_t padded = RoundUp(batch.tokens, kPrefillRounding);  // What lies beyond is computed along and read by nobody.
  PrefillAttentionArgs attention;
  attention.qkv = qkv_.data();
  attention.tiles = batch.spans;
  attention.tile_count = batch.tiles;
  attention.heads = static_cast<int>(config_.num_heads);
  attention.scale = scale_;
  attention.tables = batch.tables;
  attention.out = attended_.data();
  EmbedTokens(batch.ids, weights_.embedding(), batch.tokens, hidden, hidden_.data(), stream_);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    const LayerWeights& layer = weights_.layer(i);
    AddRmsNorm(hidden_.data(), i == 0 ? nullptr : delta_.data(), layer.input_norm, static_cast<float>(config_.rms_norm_eps), batch.tokens, hidden,
               normed_.data(), stream_);
    COHORT_RETURN_IF_ERROR(matmul_->Run(qkv_product_, padded, normed_.data(), layer.qkv, qkv_.data()));
    PreparePrefillQkv(QkvOf(i, batch.tokens, batch.tables), batch.positions, batch.table_of_token, stream_);
    if (i + 1 == config_.num_layers) break;  // Only the last layer's keys and values are wanted.
    attention.cache = CacheOf(i);
    PrefillAttention(attention, stream_);
    COHORT_RETURN_IF_ERROR(FinishLayer(layer, padded));
  }
  return cohort::cuda::LaunchStatus("prefill");
}

absl::Status Decoder::CopyPages(const int2* copies, int count) {
  const int64_t layer = cache_.size() / config_.num_layers;
  cuda::CopyPages(cache_.data(), layer, layer / pages_, static_cast<int>(config_.num_layers), copies, count, stream_);
  return cohort::cuda::LaunchStatus("copying pages");
}

}  // namespace cohort::rollout::cuda
