#pragma once

#include <string>
#include <string_view>

#include "services/reward/check/check.h"

namespace cohort::reward {

// What decided, for a person: "exact: both sides are the same rational number".
std::string DescribeRule(const CheckOutcome& outcome);

// `text` with '?' for every byte that is not UTF-8, as protocol buffers want their strings.
std::string ValidUtf8(std::string_view text);

}  // namespace cohort::reward
