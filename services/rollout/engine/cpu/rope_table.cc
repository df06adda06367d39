#include "services/rollout/engine/cpu/rope_table.h"

#include "common/model/rotary.h"

namespace cohort::rollout::cpu {

RopeTable::RopeTable(const model::ModelConfig& config, int64_t positions)
    : half_(config.head_dim / 2), cosines_(positions * half_), sines_(positions * half_) {
  model::Rotary(config).FillTables(positions, cosines_.data(), sines_.data());
}

}  // namespace cohort::rollout::cpu
