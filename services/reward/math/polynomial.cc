#include "services/reward/math/polynomial.h"

#include <arb_fmpz_poly.h>
#include <flint/fmpz_poly.h>

#include <algorithm>

#include "services/reward/math/canonical.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr int64_t kMaxIntermediateBits = 8192;

class FractionBuilder {
 public:
  FractionBuilder(View view, const std::string& variable, uint32_t signs, Fuel& fuel) : view_(view), variable_(variable), signs_(signs), fuel_(fuel) {}

  std::optional<Fraction> Run() {
    const NodeId begin = view_.node().begin;
    std::vector<Fraction> values(view_.id - begin + 1);
    for (NodeId id = begin; id <= view_.id; ++id) {
      Fraction& out = values[id - begin];
      fmpq_poly_one(out.denominator.get());
      const auto kid = [&](size_t i) -> Fraction& { return values[view_.ast.kid(id, i) - begin]; };
      if (!Node(id, kid, out)) return std::nullopt;
      const int64_t size = out.numerator.degree() + out.denominator.degree() + 2;
      if (size > 2 * kMaxDegree || !fuel_.Spend(40 + size * size)) return std::nullopt;
      if (std::abs(_fmpz_vec_max_bits(out.numerator.get()->coeffs, out.numerator.get()->length)) > kMaxIntermediateBits) return std::nullopt;
    }
    return std::move(values.back());
  }

 private:
  template <typename Kid>
  bool Node(NodeId id, const Kid& kid, Fraction& out) {
    const auto& node = view_.ast.node(id);
    fmpq_poly_struct* above = out.numerator.get();
    fmpq_poly_struct* below = out.denominator.get();
    switch (node.kind) {
      case Kind::kDropped: return true;
      case Kind::kNumber: fmpq_poly_set_fmpq(above, view_.ast.number(id).get()); return true;
      case Kind::kSymbol:
        if (view_.ast.name(id) != variable_) return false;
        fmpq_poly_set_coeff_si(above, 1, 1);
        return true;
      case Kind::kNegate: fmpq_poly_neg(above, kid(0).numerator.get()); fmpq_poly_set(below, kid(0).denominator.get()); return true;
      case Kind::kAdd: {
        Polynomial cross;
        fmpq_poly_mul(above, kid(0).numerator.get(), kid(1).denominator.get());
        fmpq_poly_mul(cross.get(), kid(1).numerator.get(), kid(0).denominator.get());
        fmpq_poly_add(above, above, cross.get());
        fmpq_poly_mul(below, kid(0).denominator.get(), kid(1).denominator.get());
        return true;
      }
      case Kind::kMultiply:
        fmpq_poly_mul(above, kid(0).numerator.get(), kid(1).numerator.get());
        fmpq_poly_mul(below, kid(0).denominator.get(), kid(1).denominator.get());
        return true;
      case Kind::kDivide:
        if (kid(1).numerator.is_zero()) return false;
        fmpq_poly_mul(above, kid(0).numerator.get(), kid(1).denominator.get());
        fmpq_poly_mul(below, kid(0).denominator.get(), kid(1).numerator.get());
        return true;
      case Kind::kPercent:
        fmpq_poly_scalar_div_si(above, kid(0).numerator.get(), 100);
        fmpq_poly_set(below, kid(0).denominator.get());
        return true;
      case Kind::kPower: return Power(kid(0), kid(1), out);
      case Kind::kFunction:
        if (view_.ast.function(id) != Function::kAbs) return Constant(id, out);
        fmpq_poly_set(above, kid(0).numerator.get());
        fmpq_poly_set(below, kid(0).denominator.get());
        if (((signs_ >> absolutes_++) & 1) != 0) fmpq_poly_neg(above, above);
        return true;
      default: return Constant(id, out);
    }
  }

  static bool Power(Fraction& base, Fraction& exponent, Fraction& out) {
    if (exponent.numerator.degree() > 0 || exponent.denominator.degree() > 0) return false;
    Rational e, scale;
    fmpq_poly_get_coeff_fmpq(e.get(), exponent.numerator.get(), 0);
    fmpq_poly_get_coeff_fmpq(scale.get(), exponent.denominator.get(), 0);
    e = e / scale;
    if (!e.FitsInt64() || std::abs(e.ToInt64()) > kMaxDegree) return false;
    const ulong times = static_cast<ulong>(std::abs(e.ToInt64()));
    if ((base.numerator.degree() + 1) * static_cast<int64_t>(times) > 2 * kMaxDegree || (e.sign() < 0 && base.numerator.is_zero())) return false;
    fmpq_poly_pow(out.numerator.get(), base.numerator.get(), times);
    fmpq_poly_pow(out.denominator.get(), base.denominator.get(), times);
    if (e.sign() < 0) fmpq_poly_swap(out.numerator.get(), out.denominator.get());
    return true;
  }

  // Other parts count where they are rational numbers: 3!, \binom52.
  bool Constant(NodeId id, Fraction& out) {
    const std::optional<Rational> value = Canonical(view_.ast, id, fuel_).constant();
    if (!value.has_value()) return false;
    fmpq_poly_set_fmpq(out.numerator.get(), value->get());
    return true;
  }

  View view_;
  const std::string& variable_;
  const uint32_t signs_;
  Fuel& fuel_;
  uint32_t absolutes_ = 0;
};

// Without repeated factors, whole coefficients.
void SquareFree(const Polynomial& polynomial, fmpz_poly_t out) {
  fmpz_poly_t derivative, common;
  fmpz_poly_init(derivative);
  fmpz_poly_init(common);
  fmpq_poly_get_numerator(out, polynomial.get());
  fmpz_poly_derivative(derivative, out);
  fmpz_poly_gcd(common, out, derivative);
  fmpz_poly_div(out, out, common);
  fmpz_poly_primitive_part(out, out);
  fmpz_poly_clear(derivative);
  fmpz_poly_clear(common);
}

}  // namespace

std::optional<Fraction> AsFraction(View view, const std::string& variable, uint32_t signs, Fuel& fuel) { return FractionBuilder(view, variable, signs, fuel).Run(); }

std::optional<std::vector<Enclosure>> RealRoots(const Polynomial& polynomial, slong precision, Fuel& fuel) {
  std::vector<Enclosure> roots;
  if (polynomial.degree() < 1) return roots;
  const int64_t degree = polynomial.degree();
  if (!fuel.Spend(2000 + degree * degree * precision)) return std::nullopt;
  fmpz_poly_t simple;
  fmpz_poly_init(simple);
  SquareFree(polynomial, simple);
  if (fmpz_poly_degree(simple) == 1) {
    Rational root;
    fmpq_set_fmpz_frac(root.get(), fmpz_poly_get_coeff_ptr(simple, 0), fmpz_poly_get_coeff_ptr(simple, 1));
    roots.emplace_back();
    roots.back().SetExact(-root);
  } else if (fmpz_poly_degree(simple) > kMaxDegree || std::abs(fmpz_poly_max_bits(simple)) > kMaxCoefficientBits) {
    fmpz_poly_clear(simple);
    return std::nullopt;
  } else {
    const slong count = fmpz_poly_degree(simple);
    acb_ptr found = _acb_vec_init(count);
    arb_fmpz_poly_complex_roots(found, simple, 0, precision);
    for (slong i = 0; i < count; ++i) {
      if (!arb_is_zero(acb_imagref(found + i))) continue;
      roots.emplace_back();
      acb_set(roots.back().Write(), found + i);
    }
    _acb_vec_clear(found, count);
    std::sort(roots.begin(), roots.end(), [precision](const Enclosure& a, const Enclosure& b) {
      return arf_cmp(arb_midref(acb_realref(const_cast<Enclosure&>(a).Ball(precision))), arb_midref(acb_realref(const_cast<Enclosure&>(b).Ball(precision)))) < 0;
    });
  }
  fmpz_poly_clear(simple);
  return roots;
}

bool SameRoots(const Polynomial& a, const Polynomial& b) {
  if (a.is_zero() || b.is_zero()) return a.is_zero() == b.is_zero();
  fmpz_poly_t x, y;
  fmpz_poly_init(x);
  fmpz_poly_init(y);
  SquareFree(a, x);
  SquareFree(b, y);
  if (fmpz_sgn(fmpz_poly_lead(x)) < 0) fmpz_poly_neg(x, x);
  if (fmpz_sgn(fmpz_poly_lead(y)) < 0) fmpz_poly_neg(y, y);
  const bool same = fmpz_poly_equal(x, y);
  fmpz_poly_clear(x);
  fmpz_poly_clear(y);
  return same;
}

}  // namespace cohort::reward::math
