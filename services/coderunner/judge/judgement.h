#pragma once

#include <string>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::coderunner {

// What was decided about one program.
struct Judgement {
  reward::v1::Verdict verdict = reward::v1::VERDICT_INTERNAL;
  reward::v1::Method method = reward::v1::METHOD_UNSPECIFIED;
  uint32_t micros = 0;   // Wall time of compiling and running.
  std::string rule;      // What decided, for a person: "test 3 of 10: line 2 is '5', '6' is expected".
};

}  // namespace cohort::coderunner
