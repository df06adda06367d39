#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/cpu/aligned_buffer.h"
#include "services/rollout/engine/cpu/kernels.h"

namespace cohort::rollout::cpu {

// A linear layer as the kernels read it: panels of 16 output columns, each [inputs][16]; columns beyond the matrix are zero.
struct PackedLinear {
  int64_t inputs = 0;
  int64_t panels = 0;
  AlignedBuffer weight;
  AlignedBuffer bias;  // Empty where the layer has none.
};

// The weights of one decoder layer.
struct PackedLayer {
  AlignedBuffer input_norm;   // Padded to whole lanes, as are all norms.
  AlignedBuffer post_norm;
  AlignedBuffer query_norm;   // Of each head; empty where the architecture has none, as is key_norm.
  AlignedBuffer key_norm;
  PackedLinear qkv;
  PackedLinear o;
  PackedLinear gate_up;       // Panels alternate: gate, up, gate, up, ….
  PackedLinear down;
};

// One policy version in the kernels' format. Memory is allocated once; Pack() overwrites it. Not thread-safe.
class PackedWeights {
 public:
  PackedWeights(const model::ModelConfig& config, const model::ArenaLayout& layout);

  // Rearranges the arena, which is kept alive for its embedding table.
  void Pack(std::shared_ptr<const model::Arena> arena);

  const PackedLayer& layer(int64_t index) const { return layers_[index]; }
  const AlignedBuffer& final_norm() const { return final_norm_; }
  const PackedLinear& lm_head() const { return lm_head_; }
  // Row `token` of the embedding table: `hidden_size` floats.
  const float* Embedding(int32_t token) const;

 private:
  const model::ModelConfig config_;
  const model::ArenaLayout layout_;
  std::vector<PackedLayer> layers_;
  AlignedBuffer final_norm_;
  PackedLinear lm_head_;
  std::shared_ptr<const model::Arena> arena_;
};

}  // namespace cohort::rollout::cpu
