#include "services/learner/train/kernels/instruction_sets.h"

namespace cohort::learner::avx512 {
namespace {

constexpr char kName[] = "avx512";
constexpr int kLanes = 16;

#include "services/learner/train/kernels/vector.inc"
#include "services/learner/train/kernels/rows.inc"
#include "services/learner/train/kernels/attention.inc"
#include "services/learner/train/kernels/flat.inc"

}  // namespace

#include "services/learner/train/kernels/table.inc"

}  // namespace cohort::learner::avx512
