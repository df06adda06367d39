#include "tests/bench/engine/libtorch_decoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <cmath>

namespace cohort::bench {

struct LibTorchDecoder::Impl {
  struct Layer {
    at::Tensor input_norm, qkv, qkv_bias, o, post_norm, gate_up, down, keys, values;
  };

  DecoderShape s;
  int64_t batch;
  std::vector<Layer> layers;
  at::Tensor embedding, final_norm, cosines, sines;

  at::Tensor Norm(const at::Tensor& x, const at::Tensor& weight) const {
    return x * at::rsqrt(x.pow(2).mean(-1, true) + 1e-6) * weight;
  }

  at::Tensor Rotate(const at::Tensor& x, int64_t position) const {
    const auto halves = x.chunk(2, -1);
    const at::Tensor c = cosines.select(0, position), n = sines.select(0, position);
    return at::cat({halves[0] * c - halves[1] * n, halves[1] * c + halves[0] * n}, -1);
  }

  at::Tensor Attend(Layer& layer, const at::Tensor& qkv, int64_t position) const {
    const int64_t d = s.head_dim;
    const auto parts = qkv.view({batch, s.heads + 2 * s.kv_heads, d}).split_with_sizes({s.heads, s.kv_heads, s.kv_heads}, 1);
    layer.keys.select(2, position).copy_(Rotate(parts[1], position));
    layer.values.select(2, position).copy_(parts[2]);
    const at::Tensor q = Rotate(parts[0], position).view({batch, s.kv_heads, s.heads / s.kv_heads, d});
    const at::Tensor keys = layer.keys.narrow(2, 0, position + 1), values = layer.values.narrow(2, 0, position + 1);
    const at::Tensor weights = at::softmax(at::matmul(q, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(d)), -1);
    return at::matmul(weights, values).reshape({batch, s.heads * d});
  }
};

LibTorchDecoder::LibTorchDecoder(const DecoderShape& shape, int64_t batch, int64_t context, int threads) : impl_(std::make_unique<Impl>()) {
  const c10::InferenceMode inference;
  at::set_num_threads(threads);
  at::manual_seed(1);
  Impl& m = *impl_;
  m.s = shape;
  m.batch = batch;
  const auto matrix = [](int64_t outputs, int64_t inputs) { return at::randn({outputs, inputs}) / std::sqrt(static_cast<double>(inputs)); };
  const int64_t query = shape.heads * shape.head_dim, kv = shape.kv_heads * shape.head_dim;
  for (int64_t i = 0; i < shape.layers; ++i) {
    m.layers.push_back({at::ones({shape.hidden}), matrix(query + 2 * kv, shape.hidden), at::zeros({query + 2 * kv}), matrix(shape.hidden, query),
                        at::ones({shape.hidden}), matrix(2 * shape.intermediate, shape.hidden), matrix(shape.hidden, shape.intermediate),
                        at::zeros({batch, shape.kv_heads, context, shape.head_dim}), at::zeros({batch, shape.kv_heads, context, shape.head_dim})});
  }
  m.embedding = matrix(shape.vocab, shape.hidden);
  m.final_norm = at::ones({shape.hidden});
  const at::Tensor frequency = at::pow(1e4, -at::arange(0, shape.head_dim, 2).to(at::kFloat) / static_cast<double>(shape.head_dim));
  const at::Tensor angle = at::outer(at::arange(context).to(at::kFloat), frequency);
  m.cosines = at::cos(angle);
  m.sines = at::sin(angle);
}

LibTorchDecoder::~LibTorchDecoder() = default;

std::vector<int64_t> LibTorchDecoder::Step(const std::vector<int64_t>& tokens, int64_t position) {
  const c10::InferenceMode inference;
  Impl& m = *impl_;
  at::Tensor x = m.embedding.index_select(0, at::tensor(tokens, at::kLong));
  for (auto& layer : m.layers) {
    const at::Tensor qkv = at::linear(m.Norm(x, layer.input_norm), layer.qkv, layer.qkv_bias);
    x = x + at::linear(m.Attend(layer, qkv, position), layer.o);
    const auto gate_up = at::linear(m.Norm(x, layer.post_norm), layer.gate_up).chunk(2, -1);
    x = x + at::linear(at::silu(gate_up[0]) * gate_up[1], layer.down);
  }
  const at::Tensor logprobs = at::log_softmax(at::linear(m.Norm(x, m.final_norm), m.embedding), -1);
  const at::Tensor chosen = at::multinomial(logprobs.exp(), 1);
  const at::Tensor chosen_logprobs = logprobs.gather(1, chosen);
  (void)chosen_logprobs;
  const at::Tensor ids = chosen.view({-1}).contiguous();
  return {ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + ids.numel()};
}

}  // namespace cohort::bench
