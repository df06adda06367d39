#pragma once

#include <string>

#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/auxiliary/auxiliary.h"

namespace cohort::reward {

// What is wrong with a request for auxiliary rewards, naming the field; "" when nothing is.
std::string AuxiliaryError(const v1::AuxiliaryRequest& auxiliary);

// The request as the library takes it.
AuxiliaryRequest AuxiliaryOf(const v1::AuxiliaryRequest& auxiliary);

// Writes what was measured into the result; leaves its field unset when nothing was.
void FillAuxiliary(const AuxiliaryRewards& rewards, v1::ScoreResult& result);

}  // namespace cohort::reward
