#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace cohort::learner {

// Threads that ParallelFor and the matrix products use when called from this thread. LibTorch keeps the number per calling thread: set it at the
// beginning of each piece of work.
void SetThreads(int threads);

// Calls body(first, last) for consecutive parts of [begin, end), one part a thread, none shorter than `grain` but the last; on the calling thread
// alone where there is not enough work. LibTorch's thread pool; results must not depend on where the range is cut.
void ParallelFor(int64_t begin, int64_t end, int64_t grain, absl::FunctionRef<void(int64_t, int64_t)> body);

}  // namespace cohort::learner
