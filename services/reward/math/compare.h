#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/policy.h"

namespace cohort::reward::math {

// What a comparison decided, and why.
struct Comparison {
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  v1::Method method = v1::METHOD_UNSPECIFIED;
  std::string_view rule = "";  // The deciding rule, for a person; static text.
};

// How to compare.
struct CompareOptions {
  Policy policy;
  // Random points and primes come from this number and the reference answer, so that verdicts repeat; the model must not know it.
  uint64_t secret = 0;
};

// Decides whether `answer` means the same as the reference answer `gold`: the one entry to the mathematics, whatever stands behind it. Both are parsed as a whole
// under the same grammar (parser.h) and compared by type (README.md). Verdicts: CORRECT only with a proof, or agreement at an error probability below 2^-60;
// INCORRECT (a chain with a false link too); UNKNOWN when neither can be shown; PRED_UNPARSEABLE; GOLD_UNPARSEABLE; TIMEOUT when `fuel` ran out.
// A pure function; symmetric but for policies and for a comma that the reference answer decides.
Comparison Compare(std::string_view gold, std::string_view answer, const CompareOptions& options, Fuel& fuel);
Comparison Compare(std::string_view gold, std::string_view answer, Fuel& fuel);

// Why `gold` cannot be used as a reference answer, for a person; "" when it can.
std::string GoldError(std::string_view gold, Fuel& fuel);

// One text by itself.
struct Canonicalized {
  bool ok = false;
  std::string canonical;  // Where ok: the canonical form; the same for texts whose equality needs no more than rational arithmetic and sorting.
  std::string error;      // Where not ok: why it cannot be parsed, for a person.
};
Canonicalized Canonicalize(std::string_view text, Fuel& fuel);

}  // namespace cohort::reward::math
