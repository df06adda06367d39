#include "services/rollout/engine/cpu/packed_weights.h"

#include <algorithm>
#include <utility>

namespace cohort::rollout::cpu {
namespace {

PackedLinear Allocate(int64_t inputs, int64_t outputs, bool bias) {
  PackedLinear linear;
  linear.inputs = inputs;
  linear.panels = RoundUpToLanes(outputs) / kLanes;
  linear.weight = AlignedBuffer(linear.panels * inputs * kLanes);
  if (bias) linear.bias = AlignedBuffer(linear.panels * kLanes);
  return linear;
}

// Rows [begin, begin + 16) of the row-major [outputs, inputs] matrix become one panel.
void PackPanel(const float* matrix, int64_t outputs, int64_t inputs, int64_t begin, float* panel) {
  const int64_t columns = std::min(kLanes, outputs - begin);
  for (int64_t c = 0; c < columns; ++c) {
    const float* row = matrix + (begin + c) * inputs;
    for (int64_t k = 0; k < inputs; ++k) panel[k * kLanes + c] = row[k];
  }
}

// Writes the matrix into every `step`-th panel from `first` on.
void PackMatrix(const float* matrix, int64_t outputs, int64_t first, int64_t step, PackedLinear& linear) {
  for (int64_t begin = 0, panel = first; begin < outputs; begin += kLanes, panel += step) {
    PackPanel(matrix, outputs, linear.inputs, begin, linear.weight.data() + panel * linear.inputs * kLanes);
  }
}

}  // namespace

PackedWeights::PackedWeights(const model::ModelConfig& config, const model::ArenaLayout& layout)
    : config_(config), layout_(layout), final_norm_(RoundUpToLanes(config.hidden_size)), lm_head_(Allocate(config.hidden_size, config.vocab_size, false)) {
  const int64_t hidden = config.hidden_size;
  const int64_t query_width = config.num_heads * config.head_dim;
  const int64_t qkv_width = query_width + 2 * config.num_kv_heads * config.head_dim;
  for (int64_t i = 0; i < config.num_layers; ++i) {
    PackedLayer layer;
    layer.input_norm = AlignedBuffer(RoundUpToLanes(hidden));
    layer.post_norm = AlignedBuffer(RoundUpToLanes(hidden));
    if (config.qk_norm) {
      layer.query_norm = AlignedBuffer(RoundUpToLanes(config.head_dim));
      layer.key_norm = AlignedBuffer(RoundUpToLanes(config.head_dim));
    }
    layer.qkv = Allocate(hidden, qkv_width, layout.layer(i).qkv_bias >= 0);
    layer.o = Allocate(query_width, hidden, false);
    layer.gate_up = Allocate(hidden, 2 * RoundUpToLanes(config.intermediate_size), false);
    layer.down = Allocate(config.intermediate_size, hidden, false);
    layers_.push_back(std::move(layer));
  }
}

void PackedWeights::Pack(std::shared_ptr<const model::Arena> arena) {
  arena_ = std::move(arena);
  const float* base = arena_->floats().data();
  const auto at = [&](int slot) { return base + layout_.slot(slot).offset; };
  const int64_t hidden = config_.hidden_size;
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    const model::LayerSlots& slots = layout_.layer(i);
    PackedLayer& layer = layers_[i];
    std::copy_n(at(slots.input_norm), hidden, layer.input_norm.data());
    std::copy_n(at(slots.post_norm), hidden, layer.post_norm.data());
    if (slots.qk_norm >= 0) {
      std::copy_n(at(slots.qk_norm), config_.head_dim, layer.query_norm.data());
      std::copy_n(at(slots.qk_norm) + config_.head_dim, config_.head_dim, layer.key_norm.data());
    }
    const int64_t qkv_width = layout_.slot(slots.qkv_weight).shape[0];
    PackMatrix(at(slots.qkv_weight), qkv_width, 0, 1, layer.qkv);
    if (slots.qkv_bias >= 0) std::copy_n(at(slots.qkv_bias), qkv_width, layer.qkv.bias.data());
    PackMatrix(at(slots.o_weight), hidden, 0, 1, layer.o);
    PackMatrix(at(slots.gate_up_weight), config_.intermediate_size, 0, 2, layer.gate_up);
    PackMatrix(at(slots.gate_up_weight) + config_.intermediate_size * hidden, config_.intermediate_size, 1, 2, layer.gate_up);
    PackMatrix(at(slots.down_weight), hidden, 0, 1, layer.down);
  }
  std::copy_n(at(layout_.final_norm()), hidden, final_norm_.data());
  PackMatrix(at(layout_.lm_head()), config_.vocab_size, 0, 1, lm_head_);
}

const float* PackedWeights::Embedding(int32_t token) const {
  return arena_->floats().data() + layout_.slot(layout_.embedding()).offset + int64_t{token} * config_.hidden_size;
}

}  // namespace cohort::rollout::cpu
