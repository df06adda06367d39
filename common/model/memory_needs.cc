#include "common/model/memory_needs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace cohort::model {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20, kGiB = int64_t{1} << 30;
constexpr int64_t kRuntimeBytes = kGiB;             // The driver's context, libraries and workspaces.
constexpr int64_t kWasted = 8;                      // One part in so many of the activations.
constexpr int64_t kPrefillTokens = 8192;            // Of one piece of the engine's prefill.

int64_t QkvWidth(const ModelConfig& config) { return (config.num_heads + 2 * config.num_kv_heads) * config.head_dim; }

// Bytes that one row keeps of one layer until the backward pass.
int64_t KeptBytes(const ModelConfig& config, bool checkpoints) {
  const int64_t hidden = config.hidden_size;
  if (checkpoints) return 4 * hidden;
  const int64_t heads = config.qk_norm ? 4 * (config.num_heads + config.num_kv_heads) * (config.head_dim + 1) : 0;
  return 12 * hidden + 2 * QkvWidth(config) + heads + 2 * config.num_heads * config.head_dim + 4 * config.num_heads + 4 * config.intermediate_size + 8;
}

// Bytes that one row needs besides while the backward pass goes through one layer: ten intermediate values in fp32 at once where the gradient of SwiGLU
// is computed, or what the attention needs, and five of the hidden size around it. A layer that is computed again is held meanwhile.
int64_t WorkingBytes(const ModelConfig& config, bool checkpoints) {
  return std::max(40 * config.intermediate_size, 24 * QkvWidth(config)) + 20 * config.hidden_size + (checkpoints ? KeptBytes(config, false) : 0);
}

}  // namespace

std::vector<MemoryNeed> TrainingNeeds(const ModelConfig& config, const ArenaLayout& layout, const TrainingShape& shape) {
  const int64_t rows = shape.pass_tokens, elements = layout.size();
  const int64_t head_rows = std::min(rows, std::max<int64_t>(1, kHeadChunkLogits / config.vocab_size));
  const int64_t logits = head_rows * config.vocab_size * 8;  // And as many exponentials.
  const int64_t kept = rows * config.num_layers * KeptBytes(config, shape.checkpoints);
  const int64_t activations = kept + std::max(rows * WorkingBytes(config, shape.checkpoints), logits);
  std::vector<MemoryNeed> needs;
  if (shape.optimizes) {
    needs = {{"weights (fp32 and bf16)", 6 * elements}, {"gradient and moments (fp32)", 12 * elements}};
  } else {
    needs = {{"weights (bf16)", 2 * elements}, {"gradient (fp32)", 4 * elements}};
  }
  needs.push_back({absl::StrCat("activations of ", rows, " tokens", shape.checkpoints ? " (only the layers' inputs)" : ""), activations});
  needs.push_back({"what the allocator cannot use again", activations / kWasted});
  if (shape.reference && !shape.reference_on_host) needs.push_back({"reference", 2 * elements});
  // It is there while no activations are kept.
  if (shape.reference && shape.reference_on_host) needs.push_back({"reference, beyond the place of activations", std::max<int64_t>(0, 2 * elements - kept)});
  if (shape.may_go_back) needs.push_back({"the state before the step", 12 * elements});
  if (shape.broadcasts) needs.push_back({"the version on its way and the one before", 4 * elements});
  needs.push_back({"runtime", kRuntimeBytes});
  return needs;
}

std::vector<MemoryNeed> SamplingNeeds(const ModelConfig& config, const ArenaLayout& layout, const SamplingShape& shape) {
  const int64_t position = config.num_layers * 2 * config.num_kv_heads * config.head_dim * 2;
  const int64_t wanted = shape.max_batch * shape.max_context * position, rows = std::max(shape.max_batch, kPrefillTokens);
  return {
      {shape.broadcasts ? "weights (bf16), twice" : "weights (bf16)", (shape.broadcasts ? 4 : 2) * layout.size()},
      {absl::StrCat("keys and values of ", shape.max_batch, " × ", shape.max_context, " positions"), shape.kv_bytes > 0 ? std::min(shape.kv_bytes, wanted) : wanted},
      {"activations", rows * (8 * config.hidden_size + 2 * QkvWidth(config) + 2 * config.num_heads * config.head_dim + 6 * config.intermediate_size)},
      {"logits", shape.max_batch * config.vocab_size * 4},
      {"runtime", kRuntimeBytes},
  };
}

int64_t Sum(const std::vector<MemoryNeed>& needs) {
  int64_t sum = 0;
  for (const MemoryNeed& need : needs) sum += need.bytes;
  return sum;
}

std::string SizeText(int64_t bytes) {
  if (bytes < kGiB) return absl::StrCat((bytes + kMiB - 1) / kMiB, " MiB");
  return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / kGiB);
}

std::string NeedsText(const std::vector<MemoryNeed>& needs) {
  std::string text = absl::StrCat(SizeText(Sum(needs)), " =");
  for (size_t i = 0; i < needs.size(); ++i) absl::StrAppend(&text, i == 0 ? " " : " + ", needs[i].what, " ", SizeText(needs[i].bytes));
  return text;
}

}  // namespace cohort::model
