#include "tests/golden/reward/metamorphic/examine.h"

namespace cohort::reward::metamorphic {
namespace {

bool IsCorrect(v1::Verdict verdict) { return verdict == v1::VERDICT_CORRECT; }
bool IsUnreadable(v1::Verdict verdict) { return verdict == v1::VERDICT_PRED_UNPARSEABLE || verdict == v1::VERDICT_GOLD_UNPARSEABLE; }

class Examiner {
 public:
  Examiner(const Grader& grade, Tally& tally) : grade_(grade), tally_(tally) {}

  // Grades the pair both ways round; false when there is a failure.
  bool Check(const std::string& a, const std::string& b, bool same) {
    tally_.pairs += a != b;
    const v1::Verdict there = grade_(a, b), back = a == b ? there : grade_(b, a);
    if (IsUnreadable(there)) return Fail(Fault::kUnreadable, a, b, there);
    if (IsUnreadable(back)) return Fail(Fault::kUnreadable, b, a, back);
    if (same && !IsCorrect(there) && !IsCorrect(back)) return Fail(a == b ? Fault::kReflexive : Fault::kRejected, a, b, there);
    if (IsCorrect(there) != IsCorrect(back)) {
      const bool first = IsCorrect(there) != same;
      return Fail(Fault::kSymmetric, first ? a : b, first ? b : a, first ? there : back);
    }
    if (!same && IsCorrect(there)) return Fail(Fault::kAccepted, a, b, there);
    if (!same && (there == v1::VERDICT_UNKNOWN || back == v1::VERDICT_UNKNOWN)) ++tally_.undecided;
    return true;
  }

  std::optional<Failure>& failure() { return failure_; }

 private:
  bool Fail(Fault fault, const std::string& gold, const std::string& answer, v1::Verdict got) {
    failure_ = Failure{fault, gold, answer, got};
    return false;
  }

  const Grader& grade_;
  Tally& tally_;
  std::optional<Failure> failure_;
};

}  // namespace

std::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kRejected: return "rejected";
    case Fault::kAccepted: return "accepted";
    case Fault::kUnreadable: return "unreadable";
    case Fault::kReflexive: return "not reflexive";
    case Fault::kSymmetric: return "not symmetric";
    case Fault::kTransitive: return "not transitive";
  }
  return "";
}

std::optional<Failure> Examine(const Case& made, const Grader& grade, Tally& tally) {
  Examiner examiner(grade, tally);
  for (const std::string& text : made.same) {
    if (!examiner.Check(text, text, true)) return examiner.failure();
  }
  for (size_t i = 0; i + 1 < made.same.size(); ++i) {
    if (!examiner.Check(made.same[i], made.same[i + 1], true)) return examiner.failure();
  }
  // The neighbours are equal, so this one follows from transitivity.
  if (!examiner.Check(made.same.front(), made.same.back(), true)) {
    if (examiner.failure()->fault == Fault::kRejected) examiner.failure()->fault = Fault::kTransitive;
    return examiner.failure();
  }
  for (const std::string& other : made.different) {
    for (const std::string& text : made.same) {
      if (!examiner.Check(text, other, false)) return examiner.failure();
    }
  }
  return std::nullopt;
}

}  // namespace cohort::reward::metamorphic
