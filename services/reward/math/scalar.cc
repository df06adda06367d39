#include "services/reward/math/scalar.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "services/reward/math/canonical.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/modular.h"
#include "services/reward/math/random.h"
#include "services/reward/math/rational_functions.h"
#include "services/reward/math/sample_points.h"
#include "services/reward/math/sign_changes.h"

namespace cohort::reward::math {
namespace {

constexpr int kWantedAgreements = 5;
constexpr int kPiecewiseAgreements = 24;  // With absolute values, roots and the like: two pieces may agree on half of all points.
constexpr int kLeastAgreements = 3;
constexpr int kLeastPiecewiseAgreements = 6;
constexpr int kMaxAttempts = 48;
constexpr int kMaxPiecewiseAttempts = 96;
constexpr slong kPointPrecision = 128;
constexpr int64_t kPointAgreementBits = 64;

Decision Equal(v1::Method method, const char* rule) { return {Equality::kEqual, method, rule}; }
Decision Different(v1::Method method, const char* rule) { return {Equality::kDifferent, method, rule}; }
Decision Unknown(const char* rule) { return {Equality::kUnknown, v1::METHOD_UNSPECIFIED, rule}; }

// What two enclosures say about their values, which agree when they cannot differ by 2^-bits. Where that is finer than every precision only exact values agree: π and
// π + 79^{-99^9} overlap in all balls there are time for.
enum class Overlap { kApart, kAgree, kTooWide };

Overlap CompareEnclosures(Enclosure& a, Enclosure& b, slong precision, int64_t bits) {
  if (a.exact && b.exact) return a.rational == b.rational ? Overlap::kAgree : Overlap::kApart;
  acb_t difference;
  acb_init(difference);
  acb_sub(difference, a.Ball(precision), b.Ball(precision), precision);
  Overlap overlap = Overlap::kTooWide;
  if (acb_is_finite(difference)) {
    mag_t bound;
    mag_init(bound);
    acb_get_mag(bound, difference);
    if (!acb_contains_zero(difference)) {
      overlap = Overlap::kApart;
    } else if (bits <= kMaxPrecision && mag_cmp_2exp_si(bound, -bits) < 0) {
      overlap = Overlap::kAgree;
    }
    mag_clear(bound);
  }
  acb_clear(difference);
  return overlap;
}

// Constants: one pair of values, at rising precision.
Decision CompareConstants(View a, View b, const Context& context) {
  for (slong precision = kMinPrecision; precision <= kMaxPrecision;) {
    Enclosure x, y;
    int64_t size_a = 0, size_b = 0;
    const Evaluated done_a = Evaluate(a.ast, a.id, {}, precision, context.fuel, x, &size_a);
    const Evaluated done_b = Evaluate(b.ast, b.id, {}, precision, context.fuel, y, &size_b);
    if (context.fuel.exhausted()) return Unknown("out of fuel");
    if (done_a == Evaluated::kUnsupported || done_b == Evaluated::kUnsupported) return Unknown("a part has no value");
    if (done_a == Evaluated::kUndefined || done_b == Evaluated::kUndefined) return Different(v1::METHOD_BALL, "one side is undefined");
    const int64_t wanted = kAgreementBits + 2 * std::max(size_a, size_b);
    if (done_a == Evaluated::kOk && done_b == Evaluated::kOk) {
      switch (CompareEnclosures(x, y, precision, wanted)) {
        case Overlap::kApart: return Different(v1::METHOD_BALL, "their values lie apart");
        case Overlap::kAgree: return Equal(v1::METHOD_BALL, "their values agree to hundreds of digits");
        case Overlap::kTooWide: break;
      }
      if (precision < wanted && wanted + 64 <= kMaxPrecision) {
        precision = wanted + 64;
        continue;
      }
    }
    precision *= 2;
  }
  return Unknown("their values could not be told apart");
}

bool IsRationalFunction(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    switch (view.ast.node(id).kind) {
      case Kind::kDropped: case Kind::kNumber: case Kind::kSymbol: case Kind::kAdd: case Kind::kNegate: case Kind::kMultiply: case Kind::kDivide: case Kind::kPercent: break;
      case Kind::kPower: {
        const NodeId exponent = view.ast.kid(id, 1);
        if (!view.ast.Is(exponent, Kind::kNumber) || !view.ast.number(exponent).is_integer()) return false;
        break;
      }
      default: return false;
    }
  }
  return true;
}

// Whether different formulas may hold on different pieces of the domain.
bool IsPiecewise(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    if (view.ast.Is(id, Kind::kRoot) || view.ast.Is(id, Kind::kModulo)) return true;
    if (view.ast.Is(id, Kind::kPower)) {
      const NodeId exponent = view.ast.kid(id, 1);
      if (view.ast.Is(exponent, Kind::kDivide) || (view.ast.Is(exponent, Kind::kNumber) && !view.ast.number(exponent).is_integer())) return true;
    }
    if (!view.ast.Is(id, Kind::kFunction)) continue;
    const Function function = view.ast.function(id);
    if (function >= Function::kAbs || (function >= Function::kArcSin && function <= Function::kArcCot)) return true;
  }
  return false;
}

struct Tally {
  int agree = 0;          // Real on both sides, same value.
  int agree_complex = 0;  // Complex on both sides, same value.
  int one_sided = 0;      // Real on one side only.
};

// Evaluates both at `point`; true when that decides.
bool CompareAt(View a, View b, const Point& point, bool complex_allowed, const Context& context, Tally& tally, Decision& decision) {
  for (slong precision = kPointPrecision; precision <= 8 * kPointPrecision;) {
    Enclosure x, y;
    int64_t size_a = 0, size_b = 0;
    const Evaluated done_a = Evaluate(a.ast, a.id, point, precision, context.fuel, x, &size_a);
    const Evaluated done_b = Evaluate(b.ast, b.id, point, precision, context.fuel, y, &size_b);
    if (done_a == Evaluated::kUnsupported || done_b == Evaluated::kUnsupported || done_a == Evaluated::kUndefined || done_b == Evaluated::kUndefined) return false;
    if (context.fuel.exhausted()) return false;
    const int64_t wanted = kPointAgreementBits + 2 * std::max(size_a, size_b);
    if (done_a == Evaluated::kOk && done_b == Evaluated::kOk) {
      const bool real_a = complex_allowed || x.real, real_b = complex_allowed || y.real;
      if (real_a != real_b) {
        if (++tally.one_sided < 2) return false;
        decision = Different(v1::METHOD_BALL, "one side is real where the other is not");
        return true;
      }
      switch (CompareEnclosures(x, y, precision, wanted)) {
        case Overlap::kApart:
          if (!real_a) return false;
          decision = Different(x.exact && y.exact ? v1::METHOD_EXACT : v1::METHOD_BALL, "their values differ at a point");
          return true;
        case Overlap::kAgree: ++(real_a ? tally.agree : tally.agree_complex); return false;
        case Overlap::kTooWide: break;
      }
    }
    precision = std::max<slong>(2 * precision, std::min<int64_t>(wanted + 64, 8 * kPointPrecision));
  }
  return false;
}

bool HasAbsoluteValue(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    if (view.ast.Is(id, Kind::kFunction) && view.ast.function(id) == Function::kAbs) return true;
  }
  return false;
}

// Random points miss a piece that lies far out or is short: |x + 10^6| - 10^6 is not x. Absolute values of one variable are looked at piece by piece.
bool DifferOnAPiece(View a, View b, const std::vector<std::string>& names, const Context& context) {
  if (names.size() != 1 || !(HasAbsoluteValue(a) || HasAbsoluteValue(b))) return false;
  return AgreeOn(Cells::All(), a, b, names[0], context) == std::optional<bool>(false);
}

Decision CompareFunctions(View a, View b, std::vector<std::string> names, const Context& context) {
  std::vector<std::string> whole;
  CollectIntegers(a, whole);
  CollectIntegers(b, whole);
  const bool rational_function = IsRationalFunction(a) && IsRationalFunction(b);
  const bool complex_allowed = a.ast.Contains(a.id, Kind::kI) || b.ast.Contains(b.id, Kind::kI);
  Random random(context.key);
  Tally tally;
  const bool piecewise = IsPiecewise(a) || IsPiecewise(b);
  std::vector<std::string> positive;  // Where nothing may stand for a sign: |x| as a base is not x.
  if (!piecewise) {
    CollectBases(a, positive), CollectBases(b, positive);
    CollectLogarithmands(a, b, positive), CollectLogarithmands(b, a, positive);
  }
  const bool counted = !whole.empty();  // What goes on in steps agrees by chance where all points are odd.
  const int wanted = piecewise || counted ? kPiecewiseAgreements : kWantedAgreements;
  const bool alone = counted && names.size() == 1;
  std::vector<int64_t> steps;
  if (alone) {
    const int64_t largest = GrowsFast(a) || GrowsFast(b) ? kMaxFastStep : kMaxStep;
    steps.push_back(1), CollectSteps(a, largest, steps), CollectSteps(b, largest, steps);
  }
  const int more = static_cast<int>(steps.size());
  const int64_t first_whole = 2 + static_cast<int64_t>(context.key % kMaxFirstWhole);
  const int least = names.size() > 1 && !rational_function ? kSignRounds * kSignPatterns : 0;
  for (int attempt = 0; attempt < (piecewise ? kMaxPiecewiseAttempts : kMaxAttempts) && (tally.agree < wanted || attempt < least + more); ++attempt) {
    if (context.fuel.exhausted()) return Unknown("out of fuel");
    Point point;
    for (size_t index = 0; index < names.size(); ++index) {
      const std::string& name = names[index];
      const auto among = [&name](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
      const Domain domain = among(whole) ? Domain::kWhole : among(positive) ? Domain::kPositive : Domain::kReal;
      if (alone) {  // One behind the other: every residue of a small modulus.
        point.emplace_back(name, Enclosure(Rational(attempt < more ? steps[static_cast<size_t>(attempt)] : first_whole + attempt - more)));
        continue;
      }
      point.emplace_back(name, Enclosure(Draw(random, attempt, index, domain, rational_function, piecewise)));
    }
    Decision decision;
    if (CompareAt(a, b, point, complex_allowed, context, tally, decision)) return decision;
  }
  if (tally.agree >= (piecewise ? kLeastPiecewiseAgreements : kLeastAgreements)) {
    if (DifferOnAPiece(a, b, names, context)) return Different(v1::METHOD_EXACT, "they differ on a piece");
    return Equal(rational_function ? v1::METHOD_EXACT : v1::METHOD_BALL, "their values agree at random points");
  }
  if (tally.agree == 0 && tally.one_sided == 0 && tally.agree_complex >= kLeastAgreements) return Equal(v1::METHOD_BALL, "their complex values agree at random points");
  return Unknown("too few points where both have a value");
}

bool IsInfinite(const Form& form) {
  if (form.terms.size() != 1 || form.terms[0].factors.size() != 1) return false;
  const Term& term = form.terms[0];
  return term.factors[0].atom == "oo" && term.factors[0].exponent.is_one() && term.coefficient.Abs().is_one();
}

}  // namespace

std::vector<std::string> Variables(View view) {
  std::vector<std::string> names, bound;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const Kind kind = view.ast.node(id).kind;
    if (kind == Kind::kSymbol && std::find(names.begin(), names.end(), view.ast.name(id)) == names.end()) names.push_back(view.ast.name(id));
    if (kind == Kind::kSum || kind == Kind::kProduct) bound.push_back(view.ast.name(id));
  }
  std::erase_if(names, [&bound](const std::string& name) { return std::find(bound.begin(), bound.end(), name) != bound.end(); });
  return names;
}

std::vector<std::string> VariablesOfBoth(View a, View b) {
  std::vector<std::string> names = Variables(a);
  for (std::string& name : Variables(b)) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool DependsOn(View view, const std::string& name) {
  const std::vector<std::string> names = Variables(view);
  return std::find(names.begin(), names.end(), name) != names.end();
}

Decision CompareScalars(View a, View b, const Context& context) {
  return CompareScalars(a, Canonical(a.ast, a.id, context.fuel), b, Canonical(b.ast, b.id, context.fuel), context);
}

Decision CompareScalars(View a, const Form& form_a, View b, const Form& form_b, const Context& context) {
  if (context.fuel.exhausted()) return Unknown("out of fuel");
  if (form_a.undefined || form_b.undefined) return Different(v1::METHOD_EXACT, "one side is undefined");
  const auto number_a = form_a.constant(), number_b = form_b.constant();
  if (number_a.has_value() && number_b.has_value()) {
    return *number_a == *number_b ? Equal(v1::METHOD_EXACT, "the same rational number") : Different(v1::METHOD_EXACT, "different rational numbers");
  }
  if (form_a == form_b) return Equal(v1::METHOD_STRUCTURAL, "the same canonical form");
  if (IsInfinite(form_a) || IsInfinite(form_b)) return Different(v1::METHOD_STRUCTURAL, "infinity is no number");
  if (DifferByConstant(form_a, form_b)) return Different(v1::METHOD_EXACT, "their difference is a number other than zero");
  std::vector<std::string> names = VariablesOfBoth(a, b);
  if (!names.empty()) {
    if (const std::optional<Decision> decision = CompareRationalFunctions(a, b, context)) return *decision;
  }
  Decision decision = names.empty() ? CompareConstants(a, b, context) : CompareFunctions(a, b, std::move(names), context);
  if (decision.equality == Equality::kUnknown && !context.fuel.exhausted()) {
    const Decision modular = CompareResidues(a, b, context);
    if (modular.equality != Equality::kUnknown) return modular;
  }
  return decision;
}

}  // namespace cohort::reward::math
