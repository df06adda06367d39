#include "services/reward/math/radical_norms.h"

#include <flint/fmpq_poly.h>

#include <cstdlib>
#include <iterator>
#include <utility>
#include <vector>

#include "services/reward/math/limits.h"
#include "services/reward/math/polynomial.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxRadicals = 3;
constexpr int64_t kMaxNormBits = 4096;

Fraction Constant(int64_t value) {
  Fraction constant;
  fmpq_poly_set_si(constant.numerator.get(), value);
  fmpq_poly_one(constant.denominator.get());
  return constant;
}

bool SameFraction(const Fraction& a, const Fraction& b) {
  return fmpq_poly_equal(a.numerator.get(), b.numerator.get()) != 0 && fmpq_poly_equal(a.denominator.get(), b.denominator.get()) != 0;
}

// An element of the field that the square roots r_0, r_1, … of fractions span: the coefficient of each product of roots, by the bits of its index.
using Element = std::vector<Fraction>;

// Calculates with such elements; after Fail() the results mean nothing.
class RadicalField {
 public:
  RadicalField(const std::string& variable, Fuel& fuel) : variable_(variable), fuel_(fuel) {}

  bool failed() const { return failed_; }
  const std::vector<Fraction>& radicands() const { return radicands_; }

  // The value of an expression.
  Element Of(View view) {
    std::vector<Element> values(view.id - view.node().begin + 1);
    for (NodeId id = view.node().begin; id <= view.id && !failed_; ++id) {
      const auto kid = [&](size_t i) -> const Element& { return values[view.ast.kid(id, i) - view.node().begin]; };
      values[id - view.node().begin] = Node({view.ast, id}, kid);
    }
    return std::move(values.back());
  }

  // a - b.
  Element Difference(const Element& a, const Element& b) { return Sum(a, Scaled(b, Constant(-1))); }

  // The product of the element over all signs of the roots.
  Fraction Norm(Element element) {
    for (size_t root = radicands_.size(); root-- > 0 && !failed_;) {
      // (A + B r)(A - B r) = A² - B² r²
      Element without(element.size(), Constant(0)), with(element.size(), Constant(0));
      for (size_t i = 0; i < element.size(); ++i) ((i >> root & 1) != 0 ? with[i ^ (size_t{1} << root)] : without[i]) = element[i];
      element = Difference(Product(without, without), Scaled(Product(with, with), radicands_[root]));
    }
    return element.empty() ? Constant(0) : element[0];
  }

 private:
  template <typename Kid>
  Element Node(View view, const Kid& kid) {
    switch (view.kind()) {
      case Kind::kAdd: return Sum(kid(0), kid(1));
      case Kind::kNegate: return Scaled(kid(0), Constant(-1));
      case Kind::kMultiply: return Product(kid(0), kid(1));
      case Kind::kDivide: {
        const Fraction* below = Rational(kid(1));
        if (below == nullptr || below->numerator.is_zero()) return Fail();
        return Scaled(kid(0), {below->denominator, below->numerator});
      }
      case Kind::kRoot: return SquareRoot(view.kid(1), kid(0));
      default: break;
    }
    if (view.ast.Contains(view.id, Kind::kRoot)) return Powered(view, kid);
    const std::optional<Fraction> fraction = Absolute(view) ? std::nullopt : AsFraction(view, variable_, 0, fuel_);
    return fraction.has_value() ? Element{*fraction} : Element();  // What a part of a power lacks matters only where it is used.
  }

  template <typename Kid>
  Element Powered(View view, const Kid& kid) {
    if (view.kind() != Kind::kPower || view.kid(1).kind() != Kind::kNumber || !(view.kid(1).ast.number(view.kid(1).id) == math::Rational(2))) return Fail();
    return Product(kid(0), kid(0));
  }

  static bool Absolute(View view) { return view.ast.Contains(view.id, Kind::kFunction); }

  Element Fail() {
    failed_ = true;
    return {};
  }

  // nullptr where roots stand in it.
  static const Fraction* Rational(const Element& element) {
    for (size_t i = 1; i < element.size(); ++i) {
      if (!element[i].numerator.is_zero()) return nullptr;
    }
    return element.empty() ? nullptr : element.data();
  }

  Element SquareRoot(View index, const Element& element) {
    const Fraction* radicand = Rational(element);
    if (radicand == nullptr || index.kind() != Kind::kNumber || !(index.ast.number(index.id) == math::Rational(2))) return Fail();
    size_t root = 0;
    while (root < radicands_.size() && !SameFraction(radicands_[root], *radicand)) ++root;
    if (root == radicands_.size()) radicands_.push_back(*radicand);
    if (root >= kMaxRadicals) return Fail();
    Element made((size_t{1} << root) + 1, Constant(0));  // 1 · r_root
    made.back() = Constant(1);
    return made;
  }

  Element Sum(const Element& a, const Element& b) {
    if (a.empty() || b.empty()) return Fail();
    const Element& longer = a.size() < b.size() ? b : a;
    const Element& shorter = a.size() < b.size() ? a : b;
    Element sum = longer;
    for (size_t i = 0; i < shorter.size() && !failed_; ++i) sum[i] = Plus(longer[i], shorter[i]);
    return sum;
  }

  Element Scaled(const Element& a, const Fraction& factor) {
    if (a.empty()) return Fail();
    Element scaled;
    for (const Fraction& part : a) scaled.push_back(Times(part, factor));
    return scaled;
  }

  Element Product(const Element& a, const Element& b) {
    if (a.empty() || b.empty()) return Fail();
    Element product(size_t{1} << radicands_.size(), Constant(0));
    for (size_t i = 0; i < a.size(); ++i) {
      for (size_t k = 0; k < b.size() && !failed_; ++k) {
        if (a[i].numerator.is_zero() || b[k].numerator.is_zero()) continue;
        Fraction part = Times(a[i], b[k]);
        for (size_t root = 0; root < radicands_.size(); ++root) {
          if (((i & k) >> root & 1) != 0) part = Times(part, radicands_[root]);
        }
        product[i ^ k] = Plus(product[i ^ k], part);
      }
    }
    return product;
  }

  Fraction Plus(const Fraction& a, const Fraction& b) {
    Fraction sum;
    Polynomial cross;
    fmpq_poly_mul(sum.numerator.get(), a.numerator.get(), b.denominator.get());
    fmpq_poly_mul(cross.get(), b.numerator.get(), a.denominator.get());
    fmpq_poly_add(sum.numerator.get(), sum.numerator.get(), cross.get());
    fmpq_poly_mul(sum.denominator.get(), a.denominator.get(), b.denominator.get());
    return Reduced(std::move(sum));
  }

  Fraction Times(const Fraction& a, const Fraction& b) {
    Fraction product;
    fmpq_poly_mul(product.numerator.get(), a.numerator.get(), b.numerator.get());
    fmpq_poly_mul(product.denominator.get(), a.denominator.get(), b.denominator.get());
    return Reduced(std::move(product));
  }

  // In lowest terms; poles that cancel are found where the parts are read.
  Fraction Reduced(Fraction fraction) {
    const int64_t size = fraction.numerator.degree() + fraction.denominator.degree() + 4;
    const int64_t bits = std::abs(_fmpz_vec_max_bits(fraction.numerator.get()->coeffs, fraction.numerator.get()->length));
    if (size > 4 * kMaxDegree || bits > kMaxNormBits || !fuel_.Spend(size * size * (4 + bits / 64))) {
      failed_ = true;
      return Constant(0);
    }
    Polynomial common;
    fmpq_poly_gcd(common.get(), fraction.numerator.get(), fraction.denominator.get());
    if (common.degree() > 0) {
      fmpq_poly_div(fraction.numerator.get(), fraction.numerator.get(), common.get());
      fmpq_poly_div(fraction.denominator.get(), fraction.denominator.get(), common.get());
    }
    return fraction;
  }

  const std::string& variable_;
  Fuel& fuel_;
  std::vector<Fraction> radicands_;
  bool failed_ = false;
};

// The root as an exact fraction where it is one: its denominator divides the first coefficient.
Enclosure ExactWhereRational(const Polynomial& polynomial, Enclosure root) {
  if (root.exact) return root;
  fmpz_poly_t whole;
  fmpz_poly_init(whole);
  fmpq_poly_get_numerator(whole, polynomial.get());
  arb_t scaled;
  arb_init(scaled);
  arb_mul_fmpz(scaled, acb_realref(root.Ball(kEndPointPrecision)), fmpz_poly_lead(whole), kEndPointPrecision);
  Rational candidate, value;
  fmpz_t nearest;
  fmpz_init(nearest);
  if (arb_is_finite(scaled)) {
    arf_get_fmpz(nearest, arb_midref(scaled), ARF_RND_NEAR);
    fmpq_set_fmpz_frac(candidate.get(), nearest, fmpz_poly_lead(whole));
    fmpq_poly_evaluate_fmpq(value.get(), polynomial.get(), candidate.get());
    if (value.is_zero()) root.SetExact(candidate);
  }
  fmpz_clear(nearest);
  arb_clear(scaled);
  fmpz_poly_clear(whole);
  return root;
}

bool AddRoots(const Polynomial& polynomial, Fuel& fuel, std::vector<Enclosure>& out) {
  std::optional<std::vector<Enclosure>> roots = RealRoots(polynomial, kEndPointPrecision, fuel);
  for (size_t i = 0; roots.has_value() && i < roots->size(); ++i) out.push_back(ExactWhereRational(polynomial, std::move((*roots)[i])));
  return roots.has_value();
}

// The denominators of all parts: their roots are poles, also where they cancel.
bool AddPoles(View view, const std::string& variable, const Context& context, std::vector<Enclosure>& poles) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    if (!view.ast.Is(id, Kind::kDivide) && !view.ast.Is(id, Kind::kPower)) continue;
    const View part(view.ast, view.ast.Is(id, Kind::kDivide) ? view.ast.kid(id, 1) : id);
    if (part.ast.Contains(part.id, Kind::kRoot)) continue;
    const std::optional<Fraction> fraction = AsFraction(part, variable, 0, context.fuel);
    if (!fraction.has_value()) return false;
    if (part.id != id && !AddRoots(fraction->numerator, context.fuel, poles)) return false;
    if (!AddRoots(fraction->denominator, context.fuel, poles)) return false;
  }
  return true;
}

}  // namespace

std::optional<CriticalPoints> FindRadicalCriticalPoints(View a, View b, const std::string& variable, const Context& context) {
  RadicalField field(variable, context.fuel);
  const Element left = field.Of(a), right = field.failed() ? Element() : field.Of(b);
  if (field.failed() || left.empty() || right.empty() || field.radicands().empty()) return std::nullopt;
  const Fraction norm = field.Norm(field.Difference(left, right));
  CriticalPoints points;
  if (field.failed() || norm.numerator.is_zero() || !AddRoots(norm.numerator, context.fuel, points.roots)) return std::nullopt;
  for (const Fraction& radicand : field.radicands()) {
    if (!AddRoots(radicand.numerator, context.fuel, points.roots)) return std::nullopt;
  }
  if (!AddPoles(a, variable, context, points.poles) || !AddPoles(b, variable, context, points.poles)) return std::nullopt;
  return points;
}

}  // namespace cohort::reward::math
