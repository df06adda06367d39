#include "services/learner/pretrain/initialize.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "common/random/philox.h"

namespace cohort::learner {
namespace {

// Mean 0, variance 1. Sums and differences of 24-bit fractions below 2^4 are exact in double.
double NextNormal(random::Stream& stream) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += random::ToUnitFloat(stream.NextBits());
  return sum - 6 + 6 * 0x1p-24;  // Each uniform number lies half a unit of its last place below its mean.
}

double Scale(const model::ArenaLayout& layout, int slot, const std::set<int>& residual, double embedding_std) {
  if (slot == layout.embedding()) return embedding_std;
  const double scale = 1 / std::sqrt(static_cast<double>(layout.slot(slot).shape[1]));
  return residual.contains(slot) ? scale / 2 : scale;
}

}  // namespace

void InitializeWeights(const model::ModelConfig& config, const model::ArenaLayout& layout, uint64_t seed, double embedding_std,
                       model::Arena& weights) {
  std::set<int> norms = {layout.final_norm()}, residual;
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    norms.insert(layout.layer(layer).input_norm);
    norms.insert(layout.layer(layer).post_norm);
    norms.insert(layout.layer(layer).qk_norm);
    residual.insert(layout.layer(layer).o_weight);
    residual.insert(layout.layer(layer).down_weight);
  }
  for (int slot = 0; slot < static_cast<int>(layout.slots().size()); ++slot) {
    const model::TensorSlot& tensor = layout.slot(slot);
    const absl::Span<float> values = weights.floats().subspan(tensor.offset, tensor.size());
    if (tensor.shape.size() == 1) {
      std::fill(values.begin(), values.end(), norms.contains(slot) ? 1.0f : 0.0f);
      continue;
    }
    const double scale = Scale(layout, slot, residual, embedding_std);
    random::Stream stream(seed, static_cast<uint64_t>(slot));
    for (float& value : values) value = static_cast<float>(NextNormal(stream) * scale);
  }
}

}  // namespace cohort::learner
