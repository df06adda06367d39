#include "services/learner/schedule/schedule.h"

namespace cohort::learner {
namespace {

constexpr uint16_t kPrimaryStream = 0x5C01;
constexpr uint16_t kRefillStream = 0x5C02;

}  // namespace

Schedule::Schedule(const Options& options)
    : options_(options), primary_(options.rows, options.seed, kPrimaryStream), refill_(options.rows, options.seed, kRefillStream) {}

int64_t Schedule::Row(int64_t step, int64_t slot) {
  const int64_t prompts = options_.prompts_per_step;
  if (slot < prompts) return primary_.At(step * prompts + slot);
  return refill_.At(step * prompts * options_.max_refill_waves + (slot - prompts));
}

}  // namespace cohort::learner
