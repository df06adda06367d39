#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/model/model_config.h"

namespace cohort::model {

// One tensor in the arena. Row-major; linear weights are [outputs, inputs] as in Hugging Face checkpoints.
struct TensorSlot {
  std::string name;  // "layers.0.qkv.weight".
  std::vector<int64_t> shape;
  int64_t offset = 0;    // In elements from the arena's begin; a multiple of 16 (64 bytes in fp32).
  int64_t size() const;  // Number of elements.
  // The Hugging Face tensors whose rows, one after the other, fill this slot: {"model.layers.0.self_attn.q_proj.weight", rows}, ….
  struct Part {
    std::string hf_name;
    int64_t rows = 0;  // Size of the first dimension.
  };
  std::vector<Part> parts;
};

// Where the weights of one decoder layer lie; indices into ArenaLayout::slots(), -1 where the architecture has no such tensor.
struct LayerSlots {
  int input_norm = -1;      // [hidden]
  int qkv_weight = -1;      // [(heads + 2·kv_heads)·head_dim, hidden]: query rows, key rows, value rows.
  int qkv_bias = -1;        // [(heads + 2·kv_heads)·head_dim]
  int qk_norm = -1;         // [2·head_dim]: the gain of every query head, then that of every key head; applied before the rotation.
  int o_weight = -1;        // [hidden, heads·head_dim]
  int post_norm = -1;       // [hidden]
  int gate_up_weight = -1;  // [2·intermediate, hidden]: gate rows, then up rows.
  int down_weight = -1;     // [hidden, intermediate]
};

// The fixed layout of all weights of a policy in one flat buffer, the same in learner and workers, so that publishing is a copy of bytes without any
// name mapping and a version has one checksum. A pure function of the model's config. Immutable, hence thread-safe.
class ArenaLayout {
 public:
  static absl::StatusOr<ArenaLayout> Create(const ModelConfig& config);

  const std::vector<TensorSlot>& slots() const { return slots_; }
  const TensorSlot& slot(int index) const { return slots_[index]; }
  const LayerSlots& layer(int64_t index) const { return layers_[index]; }
  int embedding() const { return embedding_; }    // [vocab, hidden]
  int final_norm() const { return final_norm_; }  // [hidden]
  int lm_head() const { return lm_head_; }        // [vocab, hidden]; equal to embedding() when tied.
  int64_t size() const { return size_; }          // Elements, padding included. Padding is zero.

 private:
  std::vector<TensorSlot> slots_;
  std::vector<LayerSlots> layers_;
  int embedding_ = -1;
  int final_norm_ = -1;
  int lm_head_ = -1;
  int64_t size_ = 0;
};

}  // namespace cohort::model
