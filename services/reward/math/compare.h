#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"
#include "services/reward/math/ast.h"
#include "services/reward/math/form.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/ingredients.h"
#include "services/reward/math/literal.h"
#include "services/reward/math/parser.h"
#include "services/reward/math/policy.h"
#include "services/reward/math/scalar.h"

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
  // Random points and primes come from this number and both texts, so that a verdict is a function of policy, reference answer and answer as long as nobody changes the number.
  uint64_t secret = 0;

  friend bool operator==(const CompareOptions&, const CompareOptions&) = default;
};

// A reference answer, understood once for any number of comparisons. The one entry to the mathematics, whatever stands behind it. Immutable; not copied.
class Gold {
 public:
  // Parses `text` as a whole and resolves its chain; takes at most `steps` of fuel.
  Gold(std::string_view text, const CompareOptions& options, int64_t steps);
  Gold(const Gold&) = delete;

  // Why it cannot be used as a reference answer, for a person; "" when it can.
  const std::string& error() const { return error_; }
  // Parts of its tree, and fuel that reading it took.
  size_t nodes() const { return ast_.nodes.size(); }
  int64_t cost() const { return cost_; }

  // Decides whether `answer` means the same. Both are parsed as a whole under the same grammar (parser.h) and compared by type (README.md). Verdicts: CORRECT only
  // with a proof, or agreement at an error probability below 2^-60; INCORRECT (a chain with a false link too); UNKNOWN when neither can be shown; PRED_UNPARSEABLE;
  // GOLD_UNPARSEABLE; TIMEOUT when `fuel` ran out, which pays for the reference answer as well, so that no verdict depends on when that was read. A pure function;
  // symmetric but for policies and for a comma that the reference answer decides.
  Comparison Compare(std::string_view answer, Fuel& fuel) const;

 private:
  Decision CompareReading(const Parsed& parsed, const Context& context) const;
  std::optional<Comparison> CompareChoice(std::string_view answer, Fuel& fuel) const;

  const CompareOptions options_;
  uint64_t key_;
  std::optional<Literal> literal_;
  std::string choice_text_;  // Of "(B) 5" the 5.
  Ast ast_;
  Form form_;
  Ingredients ingredients_;
  std::string error_;
  bool out_of_fuel_ = false;
  int64_t cost_ = 0;  // Fuel it took.
};

// One comparison.
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
