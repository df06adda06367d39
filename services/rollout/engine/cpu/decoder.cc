#include "services/rollout/engine/cpu/decoder.h"

#include <algorithm>
#include <cmath>

namespace cohort::rollout::cpu {
namespace {

// Panels that one thread takes at once: the width of the widest tile of the kernels.
constexpr int64_t kPanelGranularity = 4;

}  // namespace

Decoder::Decoder(const model::ModelConfig& config, const model::ArenaLayout& layout, const Kernels& kernels, ThreadPool& pool, int64_t max_rows,
                 int64_t max_context)
    : config_(config),
      kernels_(kernels),
      pool_(pool),
      weights_(config, layout),
      rope_(config, max_context),
      hidden_stride_(RoundUpToLanes(config.hidden_size)),
      qkv_stride_(RoundUpToLanes((config.num_heads + 2 * config.num_kv_heads) * config.head_dim)),
      query_stride_(RoundUpToLanes(config.num_heads * config.head_dim)),
      inner_stride_(RoundUpToLanes(config.intermediate_size)),
      vocab_stride_(RoundUpToLanes(config.vocab_size)),
      score_stride_(4 * RoundUpToLanes(max_context)),
      hidden_(max_rows * hidden_stride_),
      normed_(max_rows * hidden_stride_),
      qkv_(max_rows * qkv_stride_),
      attention_(max_rows * query_stride_),
      inner_(max_rows * inner_stride_),
      logits_(max_rows * vocab_stride_),
      scores_(pool.threads() * score_stride_),
      heads_(config.qk_norm ? pool.threads() * 2 * RoundUpToLanes(config.head_dim) : 0) {}

void Decoder::Forward(absl::Span<const DecoderRow> rows, KvCache& cache) {
  const int64_t count = static_cast<int64_t>(rows.size());
  Embed(rows);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    const PackedLayer& layer = weights_.layer(i);
    Normalize(layer.input_norm, count);
    Multiply(kernels_.gemm, layer.qkv, normed_, hidden_stride_, qkv_, qkv_stride_, count);
    if (config_.qk_norm) NormalizeHeads(count, layer);
    RotateAndStore(rows, i, cache);
    Attend(rows, i, cache);
    Multiply(kernels_.gemm_add, layer.o, attention_, query_stride_, hidden_, hidden_stride_, count);
    Normalize(layer.post_norm, count);
    Multiply(kernels_.gemm_swiglu, layer.gate_up, normed_, hidden_stride_, inner_, inner_stride_, count);
    Multiply(kernels_.gemm_add, layer.down, inner_, inner_stride_, hidden_, hidden_stride_, count);
  }
  int64_t wanted = 0;
  for (int64_t row = 0; row < count; ++row) {
    if (!rows[row].wants_logits) continue;
    if (wanted != row) std::copy_n(hidden_.data() + row * hidden_stride_, hidden_stride_, hidden_.data() + wanted * hidden_stride_);
    ++wanted;
  }
  if (wanted == 0) return;
  Normalize(weights_.final_norm(), wanted);
  Multiply(kernels_.gemm, weights_.lm_head(), normed_, hidden_stride_, logits_, vocab_stride_, wanted);
}

void Decoder::Embed(absl::Span<const DecoderRow> rows) {
  for (size_t row = 0; row < rows.size(); ++row) {
    std::copy_n(weights_.Embedding(rows[row].token), config_.hidden_size, hidden_.data() + row * hidden_stride_);
  }
}

void Decoder::Normalize(const AlignedBuffer& weight, int64_t rows) {
  const float epsilon = static_cast<float>(config_.rms_norm_eps);
  pool_.For(rows, 1, [&](int, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      kernels_.rms_norm(hidden_.data() + row * hidden_stride_, weight.data(), epsilon, config_.hidden_size, normed_.data() + row * hidden_stride_);
    }
  });
}

void Decoder::Multiply(void (*kernel)(const GemmArgs&), const PackedLinear& linear, const AlignedBuffer& x, int64_t x_stride, AlignedBuffer& y,
                       int64_t y_stride, int64_t rows) {
  pool_.For(linear.panels, kPanelGranularity, [&](int, int64_t begin, int64_t end) {
    GemmArgs args;
    args.x = x.data();
    args.x_stride = x_stride;
    args.w = linear.weight.data();
    args.bias = linear.bias.size() > 0 ? linear.bias.data() : nullptr;
    args.y = y.data();
    args.y_stride = y_stride;
    args.rows = rows;
    args.k = linear.inputs;
    args.panel_begin = begin;
    args.panel_end = end;
    kernel(args);
  });
}

void Decoder::NormalizeHeads(int64_t rows, const PackedLayer& layer) {
  const float epsilon = static_cast<float>(config_.rms_norm_eps);
  const int64_t dim = config_.head_dim, padded = RoundUpToLanes(dim);
  pool_.For(rows, 1, [&](int thread, int64_t begin, int64_t end) {
    float* in = heads_.data() + thread * 2 * padded;  // Zero beyond the head, as the kernel wants it.
    float* out = in + padded;
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t head = 0; head < config_.num_heads + config_.num_kv_heads; ++head) {
        float* values = qkv_.data() + row * qkv_stride_ + head * dim;
        std::copy_n(values, dim, in);
        kernels_.rms_norm(in, (head < config_.num_heads ? layer.query_norm : layer.key_norm).data(), epsilon, dim, out);
        std::copy_n(out, dim, values);
      }
    }
  });
}

void Decoder::RotateAndStore(absl::Span<const DecoderRow> rows, int64_t layer, KvCache& cache) {
  const int64_t rotated = config_.num_heads + config_.num_kv_heads;
  pool_.For(rows.size(), 1, [&](int, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t position = rows[row].position;
      float* qkv = qkv_.data() + row * qkv_stride_;
      for (int64_t head = 0; head < rotated; ++head) {
        kernels_.rope(qkv + head * config_.head_dim, rope_.cosines(position), rope_.sines(position), rope_.half());
      }
      const float* keys = qkv + config_.num_heads * config_.head_dim;
      const float* values = keys + config_.num_kv_heads * config_.head_dim;
      const int32_t page = rows[row].pages[position / kPageTokens];
      for (int64_t head = 0; head < config_.num_kv_heads; ++head) {
        cache.Write(page, layer, head, position % kPageTokens, keys + head * config_.head_dim, values + head * config_.head_dim);
      }
    }
  });
}

void Decoder::Attend(absl::Span<const DecoderRow> rows, int64_t layer, const KvCache& cache) {
  AttentionArgs shared;
  shared.queries_per_kv = config_.num_heads / config_.num_kv_heads;
  shared.head_dim = config_.head_dim;
  shared.padded_dim = cache.padded_dim();
  shared.cache = cache.data();
  shared.page_stride = cache.page_stride();
  shared.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config_.head_dim)));
  pool_.For(rows.size(), 1, [&](int thread, int64_t begin, int64_t end) {
    AttentionArgs args = shared;
    args.scores = scores_.data() + thread * score_stride_;
    for (int64_t row = begin; row < end; ++row) {
      args.pages = rows[row].pages;
      args.context = rows[row].position + 1;
      for (int64_t head = 0; head < config_.num_kv_heads; ++head) {
        const int64_t first = head * args.queries_per_kv * config_.head_dim;
        args.q = qkv_.data() + row * qkv_stride_ + first;
        args.out = attention_.data() + row * query_stride_ + first;
        args.offset = cache.offset(layer, head);
        kernels_.attention(args);
      }
    }
  });
}

}  // namespace cohort::rollout::cpu
