#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/model/arena_layout.h"
#include "common/model/model_config.h"

namespace cohort::golden {

// A forward pass as the formulas say it, in double precision, one sequence and one token at a time; shares nothing with the product.
class ReferenceDecoder {
 public:
  ReferenceDecoder(const model::ModelConfig& config, const model::ArenaLayout& layout, std::vector<double> weights)
      : config_(config), layout_(layout), weights_(std::move(weights)) {}

  std::vector<double>& weights() { return weights_; }

  // Logits after each token.
  std::vector<std::vector<double>> Logits(const std::vector<int32_t>& tokens) const {
    std::vector<std::vector<double>> x;
    for (const int32_t token : tokens) x.push_back(RowOf(layout_.embedding(), token, config_.hidden_size));
    for (int64_t i = 0; i < config_.num_layers; ++i) Layer(layout_.layer(i), x);
    std::vector<std::vector<double>> logits;
    for (const auto& row : x) logits.push_back(Linear(layout_.lm_head(), -1, config_.vocab_size, Norm(layout_.final_norm(), row)));
    return logits;
  }

  // log softmax(logits / temperature)[target]
  static double Logprob(const std::vector<double>& logits, int32_t target, double temperature) {
    return logits[target] / temperature - LogSum(logits, temperature);
  }

  static double Entropy(const std::vector<double>& logits, double temperature) {
    double entropy = 0;
    for (size_t v = 0; v < logits.size(); ++v) {
      const double logprob = Logprob(logits, static_cast<int32_t>(v), temperature);
      entropy -= std::exp(logprob) * logprob;
    }
    return entropy;
  }

 private:
  using Row = std::vector<double>;

  static double LogSum(const Row& logits, double temperature) {
    double largest = logits[0], sum = 0;
    for (const double logit : logits) largest = std::max(largest, logit);
    for (const double logit : logits) sum += std::exp((logit - largest) / temperature);
    return largest / temperature + std::log(sum);
  }

  double At(int slot, int64_t index) const { return weights_[layout_.slot(slot).offset + index]; }

  Row RowOf(int slot, int64_t row, int64_t columns) const {
    Row result(columns);
    for (int64_t c = 0; c < columns; ++c) result[c] = At(slot, row * columns + c);
    return result;
  }

  Row Norm(int slot, const Row& x) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double scale = 1 / std::sqrt(squares / x.size() + config_.rms_norm_eps);
    Row y(x.size());
    for (size_t c = 0; c < x.size(); ++c) y[c] = x[c] * scale * At(slot, c);
    return y;
  }

  // One head in place; its gain lies `offset` elements into the slot.
  void NormHead(int slot, int64_t offset, double* head) const {
    double squares = 0;
    for (int64_t c = 0; c < config_.head_dim; ++c) squares += head[c] * head[c];
    const double scale = 1 / std::sqrt(squares / config_.head_dim + config_.rms_norm_eps);
    for (int64_t c = 0; c < config_.head_dim; ++c) head[c] *= scale * At(slot, offset + c);
  }

  Row Linear(int slot, int bias, int64_t outputs, const Row& x) const {
    Row y(outputs);
    for (int64_t o = 0; o < outputs; ++o) {
      y[o] = bias < 0 ? 0 : At(bias, o);
      for (size_t i = 0; i < x.size(); ++i) y[o] += At(slot, o * x.size() + i) * x[i];
    }
    return y;
  }

  void Rotate(double* head, int64_t position) const {
    const int64_t half = config_.head_dim / 2;
    for (int64_t c = 0; c < half; ++c) {
      const double angle = position * std::pow(config_.rope_theta, -2.0 * c / config_.head_dim);
      const double a = head[c], b = head[c + half];
      head[c] = a * std::cos(angle) - b * std::sin(angle);
      head[c + half] = b * std::cos(angle) + a * std::sin(angle);
    }
  }

  // Attention output of one query head at position t.
  void Attend(const std::vector<Row>& qkv, int64_t t, int64_t head, double* out) const {
    const int64_t dim = config_.head_dim, kv_head = head / (config_.num_heads / config_.num_kv_heads);
    Row scores(t + 1);
    for (int64_t s = 0; s <= t; ++s) {
      for (int64_t c = 0; c < dim; ++c) scores[s] += qkv[t][head * dim + c] * qkv[s][(config_.num_heads + kv_head) * dim + c];
      scores[s] /= std::sqrt(static_cast<double>(dim));
    }
    const double log_sum = LogSum(scores, 1);
    for (int64_t s = 0; s <= t; ++s) {
      const double weight = std::exp(scores[s] - log_sum);
      for (int64_t c = 0; c < dim; ++c) out[c] += weight * qkv[s][(config_.num_heads + config_.num_kv_heads + kv_head) * dim + c];
    }
  }

  void Layer(const model::LayerSlots& slots, std::vector<Row>& x) const {
    const int64_t dim = config_.head_dim, heads = config_.num_heads, kv_heads = config_.num_kv_heads, inner = config_.intermediate_size;
    std::vector<Row> qkv;
    for (size_t t = 0; t < x.size(); ++t) {
      qkv.push_back(Linear(slots.qkv_weight, slots.qkv_bias, (heads + 2 * kv_heads) * dim, Norm(slots.input_norm, x[t])));
      for (int64_t h = 0; h < heads + kv_heads; ++h) {
        if (slots.qk_norm >= 0) NormHead(slots.qk_norm, h < heads ? 0 : dim, qkv[t].data() + h * dim);
        Rotate(qkv[t].data() + h * dim, t);
      }
    }
    for (size_t t = 0; t < x.size(); ++t) {
      Row attended(heads * dim);
      for (int64_t h = 0; h < heads; ++h) Attend(qkv, t, h, attended.data() + h * dim);
      Add(Linear(slots.o_weight, -1, config_.hidden_size, attended), x[t]);
      const Row gate_up = Linear(slots.gate_up_weight, -1, 2 * inner, Norm(slots.post_norm, x[t]));
      Row activated(inner);
      for (int64_t c = 0; c < inner; ++c) activated[c] = gate_up[c] / (1 + std::exp(-gate_up[c])) * gate_up[inner + c];
      Add(Linear(slots.down_weight, -1, config_.hidden_size, activated), x[t]);
    }
  }

  static void Add(const Row& what, Row& to) {
    for (size_t c = 0; c < to.size(); ++c) to[c] += what[c];
  }

  model::ModelConfig config_;
  model::ArenaLayout layout_;
  std::vector<double> weights_;
};

}  // namespace cohort::golden
