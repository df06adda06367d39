#pragma once

#include <string>

#include "services/reward/check/check.h"

namespace cohort::reward {

// What decided, for a person: "exact: both sides are the same rational number".
std::string DescribeRule(const CheckOutcome& outcome);

}  // namespace cohort::reward
