#include "services/learner/train/parallel.h"

#include <ATen/Parallel.h>

namespace cohort::learner {

void SetThreads(int threads) { at::set_num_threads(threads); }

void ParallelFor(int64_t begin, int64_t end, int64_t grain, absl::FunctionRef<void(int64_t, int64_t)> body) {
  at::parallel_for(begin, end, grain, [&body](int64_t first, int64_t last) { body(first, last); });
}

}  // namespace cohort::learner
