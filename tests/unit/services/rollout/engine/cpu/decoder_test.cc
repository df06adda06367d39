#include "services/rollout/engine/cpu/decoder.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/rollout/engine/cpu/tiny_model.h"

namespace cohort::rollout::cpu {
namespace {

using rollout::testing::HeadNormConfig;
using rollout::testing::MakeModel;
using rollout::testing::OddConfig;
using rollout::testing::TestModel;
using rollout::testing::TinyConfig;

using Vector = std::vector<double>;

// The decoder written down in double precision, straight from its definition: one token after the other, nothing fused, nothing cached but keys and values.
class ReferenceDecoder {
 public:
  explicit ReferenceDecoder(const TestModel& model) : model_(model), keys_(model.config.num_layers), values_(model.config.num_layers) {}

  Vector Next(int32_t token) {
    const auto& c = model_.config;
    Vector x = Row(model_.layout.embedding(), token);
    for (int64_t i = 0; i < c.num_layers; ++i) {
      const auto& slots = model_.layout.layer(i);
      Add(x, Linear(slots.o_weight, -1, Attention(i, Linear(slots.qkv_weight, slots.qkv_bias, Norm(slots.input_norm, x)))));
      const Vector gate_up = Linear(slots.gate_up_weight, -1, Norm(slots.post_norm, x));
      Vector inner(c.intermediate_size);
      for (int64_t j = 0; j < c.intermediate_size; ++j) inner[j] = gate_up[j] / (1 + std::exp(-gate_up[j])) * gate_up[c.intermediate_size + j];
      Add(x, Linear(slots.down_weight, -1, inner));
    }
    ++position_;
    return Linear(model_.layout.lm_head(), -1, Norm(model_.layout.final_norm(), x));
  }

 private:
  double At(int slot, int64_t i) const { return model_.weights->floats()[model_.layout.slot(slot).offset + i]; }

  Vector Row(int slot, int64_t row) const {
    const int64_t width = model_.layout.slot(slot).shape[1];
    Vector result(width);
    for (int64_t i = 0; i < width; ++i) result[i] = At(slot, row * width + i);
    return result;
  }

  static void Add(Vector& x, const Vector& y) {
    for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  Vector Norm(int slot, const Vector& x) const {
    double squares = 0;
    for (double value : x) squares += value * value;
    Vector y(x.size());
    for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] / std::sqrt(squares / x.size() + model_.config.rms_norm_eps) * At(slot, i);
    return y;
  }

  Vector Linear(int weight, int bias, const Vector& x) const {
    const auto& shape = model_.layout.slot(weight).shape;
    Vector y(shape[0]);
    for (int64_t o = 0; o < shape[0]; ++o) {
      y[o] = bias >= 0 ? At(bias, o) : 0;
      for (int64_t i = 0; i < shape[1]; ++i) y[o] += At(weight, o * shape[1] + i) * x[i];
    }
    return y;
  }

  void NormHead(int slot, int64_t gain, double* x) const {
    const int64_t dim = model_.config.head_dim;
    double squares = 0;
    for (int64_t i = 0; i < dim; ++i) squares += x[i] * x[i];
    for (int64_t i = 0; i < dim; ++i) x[i] = x[i] / std::sqrt(squares / dim + model_.config.rms_norm_eps) * At(slot, gain + i);
  }

  void Rotate(double* x) const {
    const int64_t half = model_.config.head_dim / 2;
    for (int64_t i = 0; i < half; ++i) {
      const double angle = position_ * std::pow(model_.config.rope_theta, -2.0 * i / model_.config.head_dim);
      const double a = x[i], b = x[half + i];
      x[i] = a * std::cos(angle) - b * std::sin(angle);
      x[half + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  }

  Vector Attention(int64_t layer, Vector qkv) {
    const auto& c = model_.config;
    const int64_t d = c.head_dim;
    for (int64_t head = 0; head < c.num_heads + c.num_kv_heads; ++head) {
      if (c.qk_norm) NormHead(model_.layout.layer(layer).qk_norm, head < c.num_heads ? 0 : d, qkv.data() + head * d);
      Rotate(qkv.data() + head * d);
    }
    keys_[layer].emplace_back(qkv.begin() + c.num_heads * d, qkv.begin() + (c.num_heads + c.num_kv_heads) * d);
    values_[layer].emplace_back(qkv.begin() + (c.num_heads + c.num_kv_heads) * d, qkv.end());
    Vector out(c.num_heads * d, 0.0);
    for (int64_t head = 0; head < c.num_heads; ++head) {
      const int64_t shared = head / (c.num_heads / c.num_kv_heads) * d;
      Vector weights;
      double sum = 0;
      for (const Vector& key : keys_[layer]) {
        double score = 0;
        for (int64_t i = 0; i < d; ++i) score += qkv[head * d + i] * key[shared + i];
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(d))));
        sum += weights.back();
      }
      for (size_t t = 0; t < weights.size(); ++t) {
        for (int64_t i = 0; i < d; ++i) out[head * d + i] += weights[t] / sum * values_[layer][t][shared + i];
      }
    }
    return out;
  }

  const TestModel& model_;
  std::vector<std::vector<Vector>> keys_, values_;
  int64_t position_ = 0;
};

std::vector<int32_t> SomeTokens(int64_t count, int64_t vocabulary) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>((i * 7 + 3) % vocabulary));
  return tokens;
}

// Logits after every token; `chunk` tokens go through the model together.
std::vector<std::vector<float>> AllLogits(const TestModel& model, const Kernels& kernels, int threads, int64_t chunk, const std::vector<int32_t>& tokens) {
  ThreadPool pool(threads);
  Decoder decoder(model.config, model.layout, kernels, pool, 64, 64);
  decoder.SetWeights(model.weights);
  KvCache cache(model.config, 8);
  std::vector<int32_t> pages;
  for (size_t t = 0; t < tokens.size(); t += kPageTokens) pages.push_back(static_cast<int32_t>(t / kPageTokens));
  std::vector<std::vector<float>> result;
  for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
    std::vector<DecoderRow> rows;
    for (size_t t = begin; t < std::min(tokens.size(), begin + chunk); ++t) rows.push_back({tokens[t], static_cast<int32_t>(t), pages.data(), true});
    decoder.Forward(rows, cache);
    for (size_t i = 0; i < rows.size(); ++i) result.emplace_back(decoder.logits(i), decoder.logits(i) + model.config.vocab_size);
  }
  return result;
}

class DecoderTest : public ::testing::TestWithParam<const char*> {
 protected:
  static model::ModelConfig Config(const std::string& name) {
    return name == "tiny" ? TinyConfig() : name == "odd" ? OddConfig() : HeadNormConfig();
  }

  const TestModel model_ = MakeModel(Config(GetParam()));
  const std::vector<int32_t> tokens_ = SomeTokens(37, model_.config.vocab_size);
};

TEST_P(DecoderTest, AgreesWithTheDefinitionInDoublePrecision) {
  const auto logits = AllLogits(model_, BestKernels(), 1, 64, tokens_);
  ReferenceDecoder reference(model_);
  for (size_t t = 0; t < tokens_.size(); ++t) {
    const Vector expected = reference.Next(tokens_[t]);
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(logits[t][i], expected[i], 3e-5) << "position " << t << " token " << i;
  }
}

TEST_P(DecoderTest, EveryInstructionSetGivesTheSameBits) {
  const auto best = AllLogits(model_, BestKernels(), 1, 64, tokens_);
  for (InstructionSet set : SupportedInstructionSets()) EXPECT_EQ(AllLogits(model_, KernelsFor(set), 1, 64, tokens_), best) << KernelsFor(set).name;
}

TEST_P(DecoderTest, PrefillInPiecesOfAnySizeGivesTheSameBits) {
  const auto whole = AllLogits(model_, BestKernels(), 1, 64, tokens_);
  for (int64_t chunk : {1, 2, 5, 16, 36}) EXPECT_EQ(AllLogits(model_, BestKernels(), 1, chunk, tokens_), whole) << chunk;
}

TEST_P(DecoderTest, AnyNumberOfThreadsGivesTheSameBits) {
  const auto one = AllLogits(model_, BestKernels(), 1, 10, tokens_);
  for (int threads : {2, 3, 5}) EXPECT_EQ(AllLogits(model_, BestKernels(), threads, 10, tokens_), one) << threads;
}

INSTANTIATE_TEST_SUITE_P(Shapes, DecoderTest, ::testing::Values("tiny", "odd", "head_norms"), [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace cohort::rollout::cpu
