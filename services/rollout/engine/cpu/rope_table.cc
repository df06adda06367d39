#include "services/rollout/engine/cpu/rope_table.h"

#include "services/rollout/engine/cpu/scalar_math.h"

namespace cohort::rollout::cpu {

RopeTable::RopeTable(double theta, int64_t head_dim, int64_t positions)
    : half_(head_dim / 2), cosines_(positions * half_), sines_(positions * half_) {
  const double log_theta = Log(theta);
  for (int64_t i = 0; i < half_; ++i) {
    const float frequency = static_cast<float>(Exp(-log_theta * (2.0 * static_cast<double>(i) / static_cast<double>(head_dim))));
    for (int64_t position = 0; position < positions; ++position) {
      const float angle = static_cast<float>(position) * frequency;
      const SineAndCosine value = SinCos(angle);
      cosines_.data()[position * half_ + i] = static_cast<float>(value.cosine);
      sines_.data()[position * half_ + i] = static_cast<float>(value.sine);
    }
  }
}

}  // namespace cohort::rollout::cpu
