#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/arena_layout.h"
#include "common/model/model_config.h"

namespace cohort::model {

// One thing that takes memory of a GPU.
struct MemoryNeed {
  std::string what;
  int64_t bytes = 0;
};

// Logits that a learner's head computes at a time on a GPU: 1 GiB of fp32.
inline constexpr int64_t kHeadChunkLogits = int64_t{1} << 28;

// What decides how much a learner needs.
struct TrainingShape {
  int64_t pass_tokens = 16384;  // Of one forward and backward pass.
  bool checkpoints = false;     // Activations are computed again.
  bool reference = false;       // There is one, in bf16.
  bool reference_on_host = false;  // Its weights come to the GPU only while it is computed.
  bool may_go_back = false;     // Several minibatches a step: weights and moments are kept to return to.
  bool broadcasts = false;      // Weights are published from the GPU's memory.
  bool optimizes = true;        // Not so in a follower, which has neither master weights nor moments.
};

// What decides how much a rollout worker needs.
struct SamplingShape {
  int64_t max_batch = 128;
  int64_t max_context = 4096;
  bool broadcasts = false;  // There is a second arena for weights that arrive.
  int64_t kv_bytes = 0;  // Most memory for keys and values; 0: what max_batch sequences of max_context need.
};

// Estimates of a learner's and a rollout worker's memory on a GPU (bf16, master weights and optimizer state in fp32). The learner's follows the tensors
// that its passes hold at their peak, which is either the backward pass of the last layer or the head; an eighth of the activations is added for blocks
// that LibTorch's allocator cannot use again. A learner that has less works with a smaller pass, a worker with a smaller batch.
std::vector<MemoryNeed> TrainingNeeds(const ModelConfig& config, const ArenaLayout& layout, const TrainingShape& shape);
std::vector<MemoryNeed> SamplingNeeds(const ModelConfig& config, const ArenaLayout& layout, const SamplingShape& shape);

int64_t Sum(const std::vector<MemoryNeed>& needs);

// "12.3 GiB", "640 MiB".
std::string SizeText(int64_t bytes);
// "12.3 GiB = weights 1.0 GiB + …".
std::string NeedsText(const std::vector<MemoryNeed>& needs);

}  // namespace cohort::model
