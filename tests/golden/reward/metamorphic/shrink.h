#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace cohort::reward::metamorphic {

// Looks for the smallest list of choices that still fails, starting at `choices`, which fails. `cost` of a list is -1 when it does not fail,
// else the size of what it makes; it is called at most `budget` times. Leaves out runs of choices, sets choices to zero, halves them.
std::vector<uint32_t> Shrink(std::vector<uint32_t> choices, const std::function<int64_t(const std::vector<uint32_t>&)>& cost, int budget = 4'000);

}  // namespace cohort::reward::metamorphic
