#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/golden/reward/metamorphic/examine.h"

namespace cohort::reward::metamorphic {

// A failure, shrunk, and how to meet it again.
struct Find {
  std::string_view kind;
  Failure failure;
  uint64_t seed = 0;  // Of the case before shrinking.

  // Two lines for a person: kind, fault, seed; reference answer, answer, verdict.
  std::string Describe() const;
};

struct HuntReport {
  Tally tally;
  int64_t cases = 0;
  std::map<std::string, int64_t> faults;  // "kind: fault" -> number of failing cases.
  std::vector<Find> finds;                // At most `most_finds` of each key, shrunk, without repeats.
};

// Examines cases made from `seed`, `seed` + 1, … until `pairs` labelled pairs have been graded. Deterministic.
HuntReport Hunt(uint64_t seed, int64_t pairs, const Grader& grade, int most_finds = 3);

}  // namespace cohort::reward::metamorphic
