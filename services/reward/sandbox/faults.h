#pragma once

#include <string>

#include "services/reward/check/check.h"

namespace cohort::reward {

// Makes a worker misbehave on purpose, so that the paths that end and replace it can be tested without a real defect. Off unless the environment of the
// service says COHORT_FAULTS="reward:spin_on=TEXT,reward:die_on=TEXT": a check whose completion contains TEXT then spins for ever, or dies.
struct Faults {
  std::string spin_on;  // Empty: never.
  std::string die_on;

  // Reads COHORT_FAULTS; entries of other components are passed over.
  static Faults FromEnvironment();
  // Does to the calling process what the check's text asks for.
  void Apply(const CheckInput& check) const;
};

}  // namespace cohort::reward
