#pragma once

#include "common/hash/keyed_hash.h"
#include "services/reward/check/check.h"

namespace cohort::reward {

// Names a check.
using CheckKey = hash::Key128;

// Everything that decides the outcome of the check goes in.
CheckKey KeyOf(const CheckInput& check, hash::HashSecret secret);

}  // namespace cohort::reward
