#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cohort/reward/v1/reward_service.pb.h"
#include "tests/golden/reward/metamorphic/cases.h"

namespace cohort::reward::metamorphic {

// Grades an answer against a reference answer.
using Grader = std::function<v1::Verdict(const std::string& gold, const std::string& answer)>;

// What a grader may do wrong.
enum class Fault : uint8_t {
  kRejected,     // Two texts with one meaning are not CORRECT.
  kAccepted,     // Two texts with different meanings are CORRECT.
  kUnreadable,   // A text cannot be parsed.
  kReflexive,    // A text is not CORRECT for itself.
  kSymmetric,    // The verdict depends on which of the two is the reference answer.
  kTransitive,   // a = b and b = c, but not a = c.
};

std::string_view FaultName(Fault fault);

struct Failure {
  Fault fault;
  std::string gold, answer;
  v1::Verdict got = v1::VERDICT_UNSPECIFIED;
};

// Tally over many cases.
struct Tally {
  int64_t pairs = 0;      // Labelled pairs of different texts; each was graded both ways round.
  int64_t undecided = 0;  // Of these, pairs with different meanings whose verdict was UNKNOWN: wrong for training, but not proven.
};

// Grades every text of the case against itself, and every pair of its texts both ways round. The first failure, if any.
std::optional<Failure> Examine(const Case& made, const Grader& grade, Tally& tally);

}  // namespace cohort::reward::metamorphic
