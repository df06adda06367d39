#include "services/learner/train/tensor/tensor_decoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <utility>

#include "services/learner/train/tensor/host_copy.h"
#include "services/learner/train/tensor/operations.h"

namespace cohort::learner::tensor {

TensorDecoder::TensorDecoder(const model::ModelConfig& config, const model::ArenaLayout& layout, at::Device device, bool checkpoints, bool plain_attention)
    : config_(config),
      layout_(layout),
      device_(device),
      checkpoints_(checkpoints),
      plain_attention_(plain_attention),
      rotary_(config),
      layers_(config.num_layers) {}

at::Tensor TensorDecoder::SlotOf(const at::Tensor& flat, int slot) const {
  const model::TensorSlot& place = layout_.slot(slot);
  return flat.narrow(0, place.offset, place.size()).view(place.shape);
}

void TensorDecoder::PrepareBatch(const TokenBatch& batch) {
  const int64_t half = config_.head_dim / 2;
  if (!cosine_table_.defined() || cosine_table_.size(0) < batch.longest()) {
    at::Tensor cosines = at::empty({batch.longest(), half}, at::kFloat), sines = at::empty({batch.longest(), half}, at::kFloat);
    rotary_.FillTables(batch.longest(), cosines.mutable_data_ptr<float>(), sines.mutable_data_ptr<float>());
    cosine_table_ = cosines.to(device_);
    sine_table_ = sines.to(device_);
  }
  plan_ = PlanAttention(batch, device_);
  rows_ = batch.rows();
  tokens_ = ToDevice(batch.tokens(), at::kInt, device_).to(at::kLong);
  predicting_rows_ = ToDevice(batch.predicting_rows(), at::kLong, device_);
  const at::Tensor positions = ToDevice(batch.positions(), at::kInt, device_).to(at::kLong);
  cosines_ = cosine_table_.index_select(0, positions);
  sines_ = sine_table_.index_select(0, positions);
}

at::Tensor TensorDecoder::Forward(const at::Tensor& weights, const TokenBatch& batch, bool keep) {
  PrepareBatch(batch);
  for (Activations& layer : layers_) layer = Activations();
  at::Tensor x = SlotOf(weights, layout_.embedding()).index_select(0, tokens_).to(at::kFloat);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    Activations activations;
    activations.input = x;
    x = ForwardLayer(weights, layout_.layer(i), activations);
    if (!keep) continue;
    if (checkpoints_) {
      layers_[i].input = activations.input;
    } else {
      layers_[i] = std::move(activations);
    }
  }
  at::Tensor gathered = x.index_select(0, predicting_rows_);
  Normed final = RmsNorm(gathered, SlotOf(weights, layout_.final_norm()), config_.rms_norm_eps);
  if (keep) {
    gathered_ = std::move(gathered);
    final_inverse_rms_ = std::move(final.inverse_rms);
  }
  return final.y;
}

at::Tensor TensorDecoder::ForwardLayer(const at::Tensor& weights, const model::LayerSlots& slots, Activations& kept) const {
  Normed normed = RmsNorm(kept.input, SlotOf(weights, slots.input_norm), config_.rms_norm_eps);
  kept.normed = std::move(normed.y);
  kept.inverse_rms = std::move(normed.inverse_rms);
  ProjectHeads(weights, slots, kept);
  const Heads heads = HeadsOf(kept.qkv);
  kept.attended = Attend(plan_, heads.q, heads.k, heads.v, plain_attention_);
  kept.middle = kept.input.add(Linear(kept.attended.out.view({rows_, -1}), SlotOf(weights, slots.o_weight)));
  Normed post = RmsNorm(kept.middle, SlotOf(weights, slots.post_norm), config_.rms_norm_eps);
  kept.post_normed = std::move(post.y);
  kept.post_inverse_rms = std::move(post.inverse_rms);
  kept.gate_up = Linear(kept.post_normed, SlotOf(weights, slots.gate_up_weight));
  return kept.middle.add(Linear(SwiGlu(kept.gate_up), SlotOf(weights, slots.down_weight)));
}

void TensorDecoder::ProjectHeads(const at::Tensor& weights, const model::LayerSlots& slots, Activations& kept) const {
  const int64_t dim = config_.head_dim, queries = config_.num_heads, turned = queries + config_.num_kv_heads;
  at::Tensor heads = Linear(kept.normed, SlotOf(weights, slots.qkv_weight)).view({rows_, -1, dim});
  at::Tensor bias = slots.qkv_bias >= 0 ? SlotOf(weights, slots.qkv_bias) : at::Tensor();
  if (slots.qk_norm >= 0) {
    heads = heads.to(at::kFloat);
    if (bias.defined()) heads.add_(std::exchange(bias, at::Tensor()).view({-1, dim}));
    // In one go over all heads: the gain of a query head, then that of a key head.
    const at::Tensor gains = SlotOf(weights, slots.qk_norm).view({2, dim});
    const Normed q = RmsNorm(heads.narrow(1, 0, queries), gains.select(0, 0).to(at::kFloat), config_.rms_norm_eps);
    const Normed k = RmsNorm(heads.narrow(1, queries, turned - queries), gains.select(0, 1).to(at::kFloat), config_.rms_norm_eps);
    kept.raw_heads = heads.narrow(1, 0, turned).contiguous();
    kept.head_inverse_rms = at::cat({q.inverse_rms, k.inverse_rms}, 1);
    heads = at::cat({q.y, k.y, heads.narrow(1, turned, config_.num_kv_heads)}, 1);
  }
  kept.qkv = RotateHeads(heads, bias, turned, cosines_, sines_, weights.scalar_type());
}

TensorDecoder::Heads TensorDecoder::HeadsOf(const at::Tensor& qkv) const {
  const int64_t queries = config_.num_heads, keys = config_.num_kv_heads;
  return {qkv.narrow(1, 0, queries), qkv.narrow(1, queries, keys), qkv.narrow(1, queries + keys, keys)};
}

void TensorDecoder::Backward(const at::Tensor& weights, const at::Tensor& dhidden, at::Tensor gradient) {
  at::Tensor dgathered = at::zeros_like(gathered_);
  AddRmsNormBackward(dhidden, gathered_, SlotOf(weights, layout_.final_norm()), final_inverse_rms_, dgathered, SlotOf(gradient, layout_.final_norm()));
  at::Tensor dx = at::zeros({rows_, config_.hidden_size}, dhidden.options().dtype(at::kFloat));
  dx.index_add_(0, predicting_rows_, dgathered);
  for (int64_t i = config_.num_layers - 1; i >= 0; --i) {
    Activations kept = std::exchange(layers_[i], Activations());
    if (checkpoints_) ForwardLayer(weights, layout_.layer(i), kept);
    BackwardLayer(weights, layout_.layer(i), kept, dx, gradient);
  }
  SlotOf(gradient, layout_.embedding()).index_add_(0, tokens_, dx);
  gathered_ = at::Tensor();
  final_inverse_rms_ = at::Tensor();
}

void TensorDecoder::BackwardLayer(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, at::Tensor dx,
                                  const at::Tensor& gradient) const {
  FeedForwardBackward(weights, slots, kept, dx, gradient);
  const at::Tensor dy = dx.to(weights.scalar_type());
  const at::Tensor dattended = ProductFp32(dy, SlotOf(weights, slots.o_weight)).to(weights.scalar_type()).view_as(kept.attended.out);
  AddTransposedProduct(dy, kept.attended.out.view({rows_, -1}), SlotOf(gradient, slots.o_weight));
  const Heads heads = HeadsOf(kept.qkv);
  const AttentionGradient dheads = AttendBackward(plan_, dattended, heads.q, heads.k, heads.v, kept.attended, plain_attention_);
  const at::Tensor dqkv = HeadsBackward(weights, slots, kept, dheads, gradient);
  AddTransposedProduct(dqkv, kept.normed, SlotOf(gradient, slots.qkv_weight));
  const at::Tensor dnormed = ProductFp32(dqkv, SlotOf(weights, slots.qkv_weight));
  AddRmsNormBackward(dnormed, kept.input, SlotOf(weights, slots.input_norm), kept.inverse_rms, dx, SlotOf(gradient, slots.input_norm));
}

void TensorDecoder::FeedForwardBackward(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, at::Tensor dx,
                                        const at::Tensor& gradient) const {
  const at::Tensor dy = dx.to(weights.scalar_type());
  AddTransposedProduct(dy, SwiGlu(kept.gate_up), SlotOf(gradient, slots.down_weight));
  const at::Tensor dgate_up = SwiGluBackward(ProductFp32(dy, SlotOf(weights, slots.down_weight)), kept.gate_up);
  AddTransposedProduct(dgate_up, kept.post_normed, SlotOf(gradient, slots.gate_up_weight));
  const at::Tensor dnormed = ProductFp32(dgate_up, SlotOf(weights, slots.gate_up_weight));
  AddRmsNormBackward(dnormed, kept.middle, SlotOf(weights, slots.post_norm), kept.post_inverse_rms, dx, SlotOf(gradient, slots.post_norm));
}

at::Tensor TensorDecoder::HeadsBackward(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, const AttentionGradient& heads,
                                        const at::Tensor& gradient) const {
  const bool normed = slots.qk_norm >= 0;
  at::Tensor dheads = RotateHeads(at::cat({heads.dq, heads.dk, heads.dv}, 1), at::Tensor(), config_.num_heads + config_.num_kv_heads, cosines_,
                                  sines_.neg(), normed ? at::kFloat : weights.scalar_type());
  if (normed) HeadNormsBackward(weights, slots, kept, dheads, gradient);
  const at::Tensor dqkv = dheads.view({rows_, -1});
  if (slots.qkv_bias >= 0) SlotOf(gradient, slots.qkv_bias).add_(dqkv.sum(0, /*keepdim=*/false, at::kFloat));
  return dqkv.to(weights.scalar_type());
}

void TensorDecoder::HeadNormsBackward(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, at::Tensor dheads,
                                      const at::Tensor& gradient) const {
  const int64_t dim = config_.head_dim, queries = config_.num_heads, keys = config_.num_kv_heads;
  const at::Tensor gains = SlotOf(weights, slots.qk_norm).view({2, dim}), dgains = SlotOf(gradient, slots.qk_norm).view({2, dim});
  const at::Tensor dnormed = dheads.narrow(1, 0, queries + keys).clone();
  dheads.narrow(1, 0, queries + keys).zero_();
  const auto back = [&](int64_t first, int64_t count, int64_t gain) {
    AddRmsNormBackward(dnormed.narrow(1, first, count), kept.raw_heads.narrow(1, first, count), gains.select(0, gain),
                       kept.head_inverse_rms.narrow(1, first, count), dheads.narrow(1, first, count), dgains.select(0, gain));
  };
  back(0, queries, 0);
  back(queries, keys, 1);
}

}  // namespace cohort::learner::tensor
