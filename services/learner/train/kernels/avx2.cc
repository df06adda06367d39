#include "services/learner/train/kernels/instruction_sets.h"

namespace cohort::learner::avx2 {
namespace {

constexpr char kName[] = "avx2";
constexpr int kLanes = 8;

#include "services/learner/train/kernels/vector.inc"
#include "services/learner/train/kernels/rows.inc"
#include "services/learner/train/kernels/attention.inc"
#include "services/learner/train/kernels/flat.inc"

}  // namespace

#include "services/learner/train/kernels/table.inc"

}  // namespace cohort::learner::avx2
