#include "services/learner/follow/messages.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/io/crc32c.h"

namespace cohort::learner {
namespace {

v1::RotaryShape ToMessage(const model::RotaryScaling& scaling) {
  v1::RotaryShape shape;
  shape.set_kind(static_cast<v1::RotaryShape::Kind>(scaling.kind));
  shape.set_factor(scaling.factor);
  shape.set_original_positions(scaling.original_positions);
  shape.set_low_frequency_factor(scaling.low_frequency_factor);
  shape.set_high_frequency_factor(scaling.high_frequency_factor);
  shape.set_beta_fast(scaling.beta_fast);
  shape.set_beta_slow(scaling.beta_slow);
  shape.set_attention_factor(scaling.attention_factor);
  shape.set_truncate(scaling.truncate);
  return shape;
}

model::RotaryScaling FromMessage(const v1::RotaryShape& shape) {
  using Kind = model::RotaryScaling::Kind;
  static_assert(static_cast<int>(Kind::kLlama3) == v1::RotaryShape::KIND_LLAMA3 && static_cast<int>(Kind::kYarn) == v1::RotaryShape::KIND_YARN);
  model::RotaryScaling scaling;
  scaling.kind = static_cast<Kind>(shape.kind());
  scaling.factor = shape.factor();
  scaling.original_positions = shape.original_positions();
  scaling.low_frequency_factor = shape.low_frequency_factor();
  scaling.high_frequency_factor = shape.high_frequency_factor();
  scaling.beta_fast = shape.beta_fast();
  scaling.beta_slow = shape.beta_slow();
  scaling.attention_factor = shape.attention_factor();
  scaling.truncate = shape.truncate();
  return scaling;
}

absl::Status Malformed(absl::string_view what) { return absl::InvalidArgumentError(absl::StrCat("a batch whose ", what)); }

// Adds the next `count` tokens of `packed` after `used` as one sequence.
absl::Status Take(const v1::PackedBatch& packed, int64_t count, bool root, int64_t& used, TokenBatch& batch) {
  if (count < (root ? 1 : 0) || count > packed.tokens_size() - used) return Malformed("families do not cover its tokens");
  const auto tokens = absl::MakeConstSpan(packed.tokens().data() + used, static_cast<size_t>(count));
  root ? batch.AddRoot(tokens) : batch.AddChild(tokens);
  used += count;
  return absl::OkStatus();
}

}  // namespace

v1::ModelShape ToMessage(const model::ModelConfig& config) {
  v1::ModelShape shape;
  shape.set_architecture(config.architecture);
  shape.set_hidden_size(config.hidden_size);
  shape.set_intermediate_size(config.intermediate_size);
  shape.set_num_layers(config.num_layers);
  shape.set_num_heads(config.num_heads);
  shape.set_num_kv_heads(config.num_kv_heads);
  shape.set_head_dim(config.head_dim);
  shape.set_vocab_size(config.vocab_size);
  shape.set_max_positions(config.max_positions);
  shape.set_rms_norm_eps(config.rms_norm_eps);
  shape.set_rope_theta(config.rope_theta);
  *shape.mutable_rotary_scaling() = ToMessage(config.rotary_scaling);
  shape.set_tie_word_embeddings(config.tie_word_embeddings);
  shape.set_qkv_bias(config.qkv_bias);
  shape.set_qk_norm(config.qk_norm);
  return shape;
}

model::ModelConfig FromMessage(const v1::ModelShape& shape) {
  model::ModelConfig config;
  config.architecture = shape.architecture();
  config.hidden_size = shape.hidden_size();
  config.intermediate_size = shape.intermediate_size();
  config.num_layers = shape.num_layers();
  config.num_heads = shape.num_heads();
  config.num_kv_heads = shape.num_kv_heads();
  config.head_dim = shape.head_dim();
  config.vocab_size = shape.vocab_size();
  config.max_positions = shape.max_positions();
  config.rms_norm_eps = shape.rms_norm_eps();
  config.rope_theta = shape.rope_theta();
  config.rotary_scaling = FromMessage(shape.rotary_scaling());
  config.tie_word_embeddings = shape.tie_word_embeddings();
  config.qkv_bias = shape.qkv_bias();
  config.qk_norm = shape.qk_norm();
  return config;
}

v1::PackedBatch ToMessage(const TokenBatch& batch) {
  v1::PackedBatch packed;
  packed.mutable_tokens()->Add(batch.tokens().begin(), batch.tokens().end());
  for (const TokenBatch::Family& family : batch.families()) {
    v1::PackedFamily& sent = *packed.add_families();
    sent.set_root(family.root.length);
    for (int64_t child = family.first_child; child < family.first_child + family.num_children; ++child) sent.add_children(batch.children()[child].length);
  }
  packed.mutable_predicting_rows()->Add(batch.predicting_rows().begin(), batch.predicting_rows().end());
  packed.mutable_targets()->Add(batch.targets().begin(), batch.targets().end());
  return packed;
}

absl::StatusOr<TokenBatch> FromMessage(const v1::PackedBatch& packed) {
  TokenBatch batch;
  int64_t used = 0;
  for (const v1::PackedFamily& family : packed.families()) {
    if (absl::Status taken = Take(packed, family.root(), /*root=*/true, used, batch); !taken.ok()) return taken;
    for (const int64_t child : family.children()) {
      if (absl::Status taken = Take(packed, child, /*root=*/false, used, batch); !taken.ok()) return taken;
    }
  }
  if (used != packed.tokens_size()) return Malformed("families do not cover its tokens");
  if (packed.targets_size() != packed.predicting_rows_size()) return Malformed("predictions have no target each");
  for (int i = 0; i < packed.targets_size(); ++i) {
    if (packed.predicting_rows(i) < 0 || packed.predicting_rows(i) >= used) return Malformed("predictions are beyond its rows");
    batch.AddPrediction(packed.predicting_rows(i), packed.targets(i));
  }
  return batch;
}

v1::ScoreReply ToMessage(const TokenScores& scores) {
  v1::ScoreReply reply;
  reply.mutable_logprobs()->Add(scores.logprobs.begin(), scores.logprobs.end());
  reply.mutable_entropies()->Add(scores.entropies.begin(), scores.entropies.end());
  return reply;
}

TokenScores FromMessage(const v1::ScoreReply& reply) {
  return {{reply.logprobs().begin(), reply.logprobs().end()}, {reply.entropies().begin(), reply.entropies().end()}};
}

v1::WeightSet ToMessage(WeightsOf weights) { return weights == WeightsOf::kReference ? v1::WEIGHT_SET_REFERENCE : v1::WEIGHT_SET_POLICY; }

absl::StatusOr<WeightsOf> FromMessage(v1::WeightSet weights) {
  if (weights == v1::WEIGHT_SET_POLICY) return WeightsOf::kPolicy;
  if (weights == v1::WEIGHT_SET_REFERENCE) return WeightsOf::kReference;
  return absl::InvalidArgumentError("an order that does not say which weights it means");
}

uint32_t LayoutChecksum(const model::ArenaLayout& layout) {
  std::string text = absl::StrCat(layout.size());
  for (const model::TensorSlot& slot : layout.slots()) {
    absl::StrAppend(&text, " ", slot.name, "[", absl::StrJoin(slot.shape, ","), "]@", slot.offset);
  }
  return io::Crc32c(absl::MakeConstSpan(text.data(), text.size()));
}

}  // namespace cohort::learner
