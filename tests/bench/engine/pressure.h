#pragma once

namespace cohort::bench {

// Prints what a cache for two groups' worst case carries, admitted by the worst case and by need.
void RunPressure(int threads);

}  // namespace cohort::bench
