#include "services/learner/train/kernels/instruction_sets.h"

namespace cohort::learner::baseline {
namespace {

constexpr char kName[] = "baseline";
constexpr int kLanes = 4;

#include "services/learner/train/kernels/vector.inc"
#include "services/learner/train/kernels/rows.inc"
#include "services/learner/train/kernels/attention.inc"
#include "services/learner/train/kernels/flat.inc"

}  // namespace

#include "services/learner/train/kernels/table.inc"

}  // namespace cohort::learner::baseline
