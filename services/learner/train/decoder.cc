#include "services/learner/train/decoder.h"

#include <algorithm>
#include <cstring>

#include "services/learner/train/parallel.h"
#include "services/learner/train/products.h"

namespace cohort::learner {
namespace {

constexpr int64_t kGrain = 16384;  // Elements below which a second thread does not pay.
constexpr int64_t kSumBlocks = 16;

int64_t RowGrain(int64_t columns) { return std::max<int64_t>(1, kGrain / columns); }

}  // namespace

Decoder::Decoder(const model::ModelConfig& config, const model::ArenaLayout& layout)
    : config_(config),
      layout_(layout),
      attention_{config.num_heads, config.num_kv_heads, config.head_dim},
      rotary_(config),
      kernels_(ActiveKernels()),
      layers_(config.num_layers) {}

const float* Decoder::Forward(const float* weights, const TokenBatch& batch, bool keep) {
  PrepareAngles(batch.longest());
  const int64_t rows = batch.rows(), hidden = config_.hidden_size;
  float* x = layers_[0].input.Resize(rows * hidden);
  Embed(weights, batch, x);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    // Without a backward pass all layers share the first one's buffers and the residual stream stays where it is.
    Activations& kept = layers_[keep ? i : 0];
    float* middle = keep ? kept.middle.Resize(rows * hidden) : x;
    AttentionBlock(weights, batch, layout_.layer(i), kept, x, middle);
    const bool last = i + 1 == config_.num_layers;
    float* out = !keep ? x : last ? final_.Resize(rows * hidden) : layers_[i + 1].input.Resize(rows * hidden);
    FeedForwardBlock(weights, rows, layout_.layer(i), kept, middle, out);
    x = out;
  }
  float* gathered = gathered_.Resize(batch.predictions() * hidden);
  ParallelFor(0, batch.predictions(), RowGrain(hidden), [&](int64_t first, int64_t end) {
    for (int64_t i = first; i < end; ++i) std::memcpy(gathered + i * hidden, x + batch.predicting_rows()[i] * hidden, hidden * sizeof(float));
  });
  Norm(gathered, At(weights, layout_.final_norm()), batch.predictions(), hidden_, final_inverse_rms_);
  return hidden_.data();
}

void Decoder::Embed(const float* weights, const TokenBatch& batch, float* x) {
  const float* table = At(weights, layout_.embedding());
  const int64_t hidden = config_.hidden_size;
  ParallelFor(0, batch.rows(), RowGrain(hidden), [&](int64_t first, int64_t end) {
    for (int64_t r = first; r < end; ++r) std::memcpy(x + r * hidden, table + batch.tokens()[r] * hidden, hidden * sizeof(float));
  });
}

void Decoder::AttentionBlock(const float* weights, const TokenBatch& batch, const model::LayerSlots& slots, Activations& kept, const float* x,
                             float* out) {
  const int64_t rows = batch.rows(), hidden = config_.hidden_size, width = attention_.row_width();
  Norm(x, At(weights, slots.input_norm), rows, kept.normed, kept.inverse_rms);
  float* qkv = kept.qkv.Resize(rows * width);
  MultiplyTransposed(kept.normed.data(), At(weights, slots.qkv_weight), rows, width, hidden, false, qkv);
  if (slots.qk_norm >= 0) NormalizeHeads(At(weights, slots.qk_norm), rows, kept, qkv);
  const float* bias = slots.qkv_bias < 0 ? nullptr : At(weights, slots.qkv_bias);
  ParallelFor(0, rows, RowGrain(width), [&](int64_t first, int64_t end) {
    kernels_.bias_and_rotate(attention_, bias, batch.positions().data() + first, cosines_.data(), sines_.data(), end - first, qkv + first * width);
  });
  const int64_t attended_width = config_.num_heads * config_.head_dim;
  float* attended = kept.attended.Resize(rows * attended_width);
  float* log_sums = kept.log_sums.Resize(rows * config_.num_heads);
  ForEachAttention(batch, [&](const AttentionFamily& family, int64_t kv_head, float* scratch) {
    kernels_.attention(attention_, family, kv_head, qkv, attended, log_sums, scratch);
  });
  if (out != x) std::memcpy(out, x, rows * hidden * sizeof(float));
  MultiplyTransposed(attended, At(weights, slots.o_weight), rows, hidden, attended_width, true, out);
}

void Decoder::FeedForwardBlock(const float* weights, int64_t rows, const model::LayerSlots& slots, Activations& kept, const float* x, float* out) {
  const int64_t hidden = config_.hidden_size, inner = config_.intermediate_size;
  Norm(x, At(weights, slots.post_norm), rows, kept.post_normed, kept.post_inverse_rms);
  float* gate_up = kept.gate_up.Resize(rows * 2 * inner);
  MultiplyTransposed(kept.post_normed.data(), At(weights, slots.gate_up_weight), rows, 2 * inner, hidden, false, gate_up);
  float* activated = kept.activated.Resize(rows * inner);
  ParallelFor(0, rows, RowGrain(inner),
              [&](int64_t first, int64_t end) { kernels_.swiglu(gate_up + first * 2 * inner, end - first, inner, activated + first * inner); });
  if (out != x) std::memcpy(out, x, rows * hidden * sizeof(float));
  MultiplyTransposed(activated, At(weights, slots.down_weight), rows, hidden, inner, true, out);
}

void Decoder::Backward(const float* weights, const TokenBatch& batch, const float* dhidden, float* gradient) {
  const int64_t rows = batch.rows(), hidden = config_.hidden_size;
  float* dx = dx_.Resize(rows * hidden);
  FinalNormBackward(weights, batch, dhidden, dx, gradient);
  for (int64_t i = config_.num_layers - 1; i >= 0; --i) {
    FeedForwardBackward(weights, rows, layout_.layer(i), layers_[i], dx, gradient);
    AttentionBackward(weights, batch, layout_.layer(i), layers_[i], dx, gradient);
  }
  float* table = At(gradient, layout_.embedding());
  for (int64_t r = 0; r < rows; ++r) {
    float* to = table + batch.tokens()[r] * hidden;
    for (int64_t c = 0; c < hidden; ++c) to[c] += dx[r * hidden + c];
  }
}

void Decoder::FinalNormBackward(const float* weights, const TokenBatch& batch, const float* dhidden, float* dx, float* gradient) {
  const int64_t hidden = config_.hidden_size, predictions = batch.predictions();
  float* dgathered = dgathered_.Resize(predictions * hidden);
  std::memset(dgathered, 0, predictions * hidden * sizeof(float));
  NormBackward(dhidden, gathered_.data(), At(weights, layout_.final_norm()), final_inverse_rms_.data(), predictions, dgathered,
               At(gradient, layout_.final_norm()));
  std::memset(dx, 0, batch.rows() * hidden * sizeof(float));
  for (int64_t i = 0; i < predictions; ++i) {
    float* to = dx + batch.predicting_rows()[i] * hidden;
    for (int64_t c = 0; c < hidden; ++c) to[c] += dgathered[i * hidden + c];
  }
}

void Decoder::FeedForwardBackward(const float* weights, int64_t rows, const model::LayerSlots& slots, Activations& kept, float* dx,
                                  float* gradient) {
  const int64_t hidden = config_.hidden_size, inner = config_.intermediate_size;
  float* dactivated = dwide_.Resize(rows * inner);
  Multiply(dx, At(weights, slots.down_weight), rows, inner, hidden, false, dactivated);
  TransposedMultiply(dx, kept.activated.data(), hidden, inner, rows, true, At(gradient, slots.down_weight));
  float* gate_up = kept.gate_up.data();
  ParallelFor(0, rows, RowGrain(inner), [&](int64_t first, int64_t end) {
    kernels_.swiglu_backward(dactivated + first * inner, end - first, inner, gate_up + first * 2 * inner);
  });
  float* dnormed = dnormed_.Resize(rows * hidden);
  Multiply(gate_up, At(weights, slots.gate_up_weight), rows, hidden, 2 * inner, false, dnormed);
  TransposedMultiply(gate_up, kept.post_normed.data(), 2 * inner, hidden, rows, true, At(gradient, slots.gate_up_weight));
  NormBackward(dnormed, kept.middle.data(), At(weights, slots.post_norm), kept.post_inverse_rms.data(), rows, dx, At(gradient, slots.post_norm));
}

void Decoder::AttentionBackward(const float* weights, const TokenBatch& batch, const model::LayerSlots& slots, Activations& kept, float* dx,
                                float* gradient) {
  const int64_t rows = batch.rows(), hidden = config_.hidden_size, width = attention_.row_width();
  const int64_t attended_width = config_.num_heads * config_.head_dim;
  float* dattended = dattended_.Resize(rows * attended_width);
  Multiply(dx, At(weights, slots.o_weight), rows, attended_width, hidden, false, dattended);
  TransposedMultiply(dx, kept.attended.data(), hidden, attended_width, rows, true, At(gradient, slots.o_weight));
  float* dqkv = dwide_.Resize(rows * width);
  ForEachAttention(batch, [&](const AttentionFamily& family, int64_t kv_head, float* scratch) {
    kernels_.attention_backward(attention_, family, kv_head, kept.qkv.data(), kept.log_sums.data(), dattended, dqkv, scratch);
  });
  ParallelFor(0, rows, RowGrain(width), [&](int64_t first, int64_t end) {
    kernels_.rotate_back(attention_, batch.positions().data() + first, cosines_.data(), sines_.data(), end - first, dqkv + first * width);
  });
  if (slots.qk_norm >= 0) NormalizeHeadsBackward(At(weights, slots.qk_norm), rows, kept, dqkv, At(gradient, slots.qk_norm));
  if (slots.qkv_bias >= 0) SumRows(dqkv, rows, width, At(gradient, slots.qkv_bias));
  float* dnormed = dnormed_.Resize(rows * hidden);
  Multiply(dqkv, At(weights, slots.qkv_weight), rows, hidden, width, false, dnormed);
  TransposedMultiply(dqkv, kept.normed.data(), width, hidden, rows, true, At(gradient, slots.qkv_weight));
  NormBackward(dnormed, kept.input.data(), At(weights, slots.input_norm), kept.inverse_rms.data(), rows, dx, At(gradient, slots.input_norm));
}

void Decoder::NormalizeHeads(const float* gain, int64_t rows, Activations& kept, float* qkv) {
  const int64_t width = attention_.row_width(), dim = config_.head_dim, queries = config_.num_heads, heads = queries + config_.num_kv_heads;
  float* raw = kept.raw_heads.Resize(rows * heads * dim);
  float* scales = kept.head_inverse_rms.Resize(rows * heads);
  const float epsilon = static_cast<float>(config_.rms_norm_eps);
  ParallelFor(0, rows, RowGrain(width), [&](int64_t first, int64_t end) {
    for (int64_t r = first; r < end; ++r) {
      float *from = raw + r * heads * dim, *to = qkv + r * width, *scale = scales + r * heads;
      std::memcpy(from, to, heads * dim * sizeof(float));
      kernels_.rms_norm(from, gain, epsilon, queries, dim, to, scale);
      kernels_.rms_norm(from + queries * dim, gain + dim, epsilon, heads - queries, dim, to + queries * dim, scale + queries);
    }
  });
}

void Decoder::NormalizeHeadsBackward(const float* gain, int64_t rows, const Activations& kept, float* dqkv, float* dgain) {
  const int64_t width = attention_.row_width(), dim = config_.head_dim, queries = config_.num_heads, heads = queries + config_.num_kv_heads;
  float* dheads = dheads_.Resize(rows * heads * dim);
  const auto block = [&](int64_t first, int64_t end, float* sums) {
    for (int64_t r = first; r < end; ++r) {
      float *dy = dheads + r * heads * dim, *dx = dqkv + r * width;
      const float *x = kept.raw_heads.data() + r * heads * dim, *scale = kept.head_inverse_rms.data() + r * heads;
      std::memcpy(dy, dx, heads * dim * sizeof(float));
      std::memset(dx, 0, heads * dim * sizeof(float));
      kernels_.rms_norm_backward(dy, x, gain, scale, queries, dim, dx, sums);
      const int64_t keys = queries * dim;
      kernels_.rms_norm_backward(dy + keys, x + keys, gain + dim, scale + queries, heads - queries, dim, dx + keys, sums + dim);
    }
  };
  SumOverBlocks(rows, 2 * dim, block, dgain);
}

void Decoder::Norm(const float* x, const float* gain, int64_t rows, FloatBuffer& y, FloatBuffer& inverse_rms) {
  const int64_t hidden = config_.hidden_size;
  float* to = y.Resize(rows * hidden);
  float* scales = inverse_rms.Resize(rows);
  const float epsilon = static_cast<float>(config_.rms_norm_eps);
  ParallelFor(0, rows, RowGrain(hidden), [&](int64_t first, int64_t end) {
    kernels_.rms_norm(x + first * hidden, gain, epsilon, end - first, hidden, to + first * hidden, scales + first);
  });
}

void Decoder::NormBackward(const float* dy, const float* x, const float* gain, const float* inverse_rms, int64_t rows, float* dx, float* dgain) {
  const int64_t hidden = config_.hidden_size;
  const auto block = [&](int64_t first, int64_t end, float* sums) {
    kernels_.rms_norm_backward(dy + first * hidden, x + first * hidden, gain, inverse_rms + first, end - first, hidden, dx + first * hidden, sums);
  };
  SumOverBlocks(rows, hidden, block, dgain);
}

void Decoder::SumRows(const float* x, int64_t rows, int64_t columns, float* sums) {
  const auto block = [&](int64_t first, int64_t end, float* to) { kernels_.sum_rows(x + first * columns, end - first, columns, to); };
  SumOverBlocks(rows, columns, block, sums);
}

void Decoder::SumOverBlocks(int64_t rows, int64_t columns, const std::function<void(int64_t, int64_t, float*)>& partial, float* sums) {
  float* partial_sums = partial_sums_.Resize(kSumBlocks * columns);
  std::memset(partial_sums, 0, kSumBlocks * columns * sizeof(float));
  const int64_t height = (rows + kSumBlocks - 1) / kSumBlocks;
  ParallelFor(0, kSumBlocks, std::max<int64_t>(1, RowGrain(columns) / std::max<int64_t>(height, 1)), [&](int64_t first, int64_t end) {
    for (int64_t b = first; b < end; ++b) {
      if (b * height < rows) partial(b * height, std::min(rows, (b + 1) * height), partial_sums + b * columns);
    }
  });
  for (int64_t b = 0; b < kSumBlocks; ++b) {
    for (int64_t c = 0; c < columns; ++c) sums[c] += partial_sums[b * columns + c];
  }
}

void Decoder::ForEachAttention(const TokenBatch& batch,
                               const std::function<void(const AttentionFamily&, int64_t kv_head, float* scratch)>& body) {
  const int64_t kv_heads = config_.num_kv_heads, items = static_cast<int64_t>(batch.families().size()) * kv_heads;
  const int64_t scratch_floats = AttentionScratchFloats(attention_, batch.longest());
  ParallelFor(0, items, 1, [&](int64_t first, int64_t end) {
    thread_local FloatBuffer scratch;
    scratch.Resize(scratch_floats);
    for (int64_t i = first; i < end; ++i) {
      const TokenBatch::Family& family = batch.families()[i / kv_heads];
      body({family.root, batch.children().data() + family.first_child, family.num_children}, i % kv_heads, scratch.data());
    }
  });
}

void Decoder::PrepareAngles(int64_t positions) {
  if (positions <= prepared_positions_) return;
  const int64_t half = config_.head_dim / 2;
  rotary_.FillTables(positions, cosines_.Resize(positions * half), sines_.Resize(positions * half));
  prepared_positions_ = positions;
}

}  // namespace cohort::learner
