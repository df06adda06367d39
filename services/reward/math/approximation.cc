#include "services/reward/math/approximation.h"

#include "services/reward/math/cells.h"
#include "services/reward/math/structure.h"

namespace cohort::reward::math {
namespace {

constexpr slong kPrecision = 256;

std::optional<Enclosure> RealConstant(View view, const Context& context) {
  Enclosure value;
  if (!Variables(view).empty() || Evaluate(view.ast, view.id, {}, kPrecision, context.fuel, value) != Evaluated::kOk || !value.real) return std::nullopt;
  return value;
}

// Digits after the point of a decimal, with its sign; nullopt for everything else.
std::optional<uint32_t> DigitsShown(View view) {
  if (view.kind() == Kind::kNegate || view.kind() == Kind::kPercent) return DigitsShown(view.kid(0));
  if (view.kind() != Kind::kNumber || view.node().flag != kWrittenAsDecimal) return std::nullopt;
  return view.node().extra;
}

bool Within(const Enclosure& value, const Rational& center, const Rational& distance) {
  const std::optional<int> above = CompareReals(value, Enclosure(center + distance)), below = CompareReals(value, Enclosure(center - distance));
  return above.has_value() && below.has_value() && *above <= 0 && *below >= 0;
}

// Half up, away from zero.
std::optional<Rational> RoundedToSix(Enclosure& value) {
  const Rational scale = Rational::PowerOfTen(6);
  if (value.exact) return (value.rational.Abs() * scale + Rational(1, 2)).Floor() * Rational(value.rational.sign());
  arb_t scaled;
  arb_init(scaled);
  arb_abs(scaled, acb_realref(value.Ball(kPrecision)));
  arb_mul_ui(scaled, scaled, 1'000'000, kPrecision);
  arb_mul_2exp_si(scaled, scaled, 1);
  arb_add_ui(scaled, scaled, 1, kPrecision);
  arb_mul_2exp_si(scaled, scaled, -1);
  arb_floor(scaled, scaled, kPrecision);
  Rational rounded;
  const bool unique = arb_get_unique_fmpz(fmpq_numref(rounded.get()), scaled);
  arb_clear(scaled);
  if (!unique) return std::nullopt;
  return arb_is_negative(acb_realref(value.Ball(kPrecision))) ? -rounded : rounded;
}

}  // namespace

std::optional<Decision> CompareApproximately(View gold, View answer, const Context& context) {
  if (const auto assignment = AsAssignment(gold)) gold = assignment->value;
  if (const auto assignment = AsAssignment(answer)) answer = assignment->value;
  std::optional<Enclosure> expected = RealConstant(gold, context), found = RealConstant(answer, context);
  if (!expected.has_value() || !found.has_value()) return std::nullopt;
  bool near = false;
  switch (context.policy.approximation) {
    case Approximation::kNone: return std::nullopt;
    case Approximation::kRoundToShown: {
      const std::optional<uint32_t> digits = DigitsShown(gold);
      if (!digits.has_value() || !expected->exact) return std::nullopt;
      Rational half = Rational(1) / (Rational(2) * Rational::PowerOfTen(*digits));
      if (gold.kind() == Kind::kPercent) half = half / Rational(100);
      near = Within(*found, expected->rational, half);
      break;
    }
    case Approximation::kRelative: {
      Rational tolerance;
      arf_t value;
      arf_init(value);
      arf_set_d(value, context.policy.relative_tolerance);
      arf_get_fmpq(tolerance.get(), value);
      arf_clear(value);
      if (expected->exact) {
        near = Within(*found, expected->rational, expected->rational.Abs() * tolerance);
      } else {
        Rational middle;
        arf_get_fmpq(middle.get(), arb_midref(acb_realref(expected->Ball(kPrecision))));
        near = Within(*found, middle, middle.Abs() * tolerance);
      }
      break;
    }
    case Approximation::kSixDecimals: {
      const std::optional<Rational> x = RoundedToSix(*expected), y = RoundedToSix(*found);
      near = x.has_value() && y.has_value() && *x == *y;
      break;
    }
  }
  return Decision{near ? Equality::kEqual : Equality::kDifferent, v1::METHOD_BALL, near ? "near enough for the policy" : "not near enough for the policy"};
}

}  // namespace cohort::reward::math
