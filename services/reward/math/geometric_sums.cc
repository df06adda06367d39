#include "services/reward/math/geometric_sums.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/canonical.h"
#include "services/reward/math/exact_values.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxTerms = 16;
constexpr int64_t kMaxIndex = 1000;  // Of the first index and of the numbers in exponents.

// factor · ratio^k for the index k.
struct Geometric {
  Rational factor;
  Rational ratio;
};
using Terms = std::vector<Geometric>;  // Their sum.

// slope · k + constant.
struct Linear {
  int64_t slope = 0;
  int64_t constant = 0;
};

class TermReader {
 public:
  TermReader(const Ast& ast, const std::string& index, Fuel& fuel) : ast_(ast), index_(index), fuel_(fuel) {}

  // nullopt for everything that is no such sum.
  std::optional<Terms> Read(NodeId id) {
    if (++nesting_ > kMaxNesting || !fuel_.Spend(100)) return std::nullopt;
    std::optional<Terms> terms = ReadKind({ast_, id});
    --nesting_;
    return terms.has_value() && terms->size() <= kMaxTerms ? terms : std::nullopt;
  }

 private:
  static constexpr int kMaxNesting = 64;  // The reader is recursive.

  std::optional<Terms> ReadKind(View view) {
    if (!DependsOn(view, index_)) return Constant(view);
    switch (view.kind()) {
      case Kind::kNegate: return Product(Read(view.kid(0).id), Terms{{Rational(-1), Rational(1)}});
      case Kind::kMultiply: return Product(Read(view.kid(0).id), Read(view.kid(1).id));
      case Kind::kDivide: return Product(Read(view.kid(0).id), Inverse(Read(view.kid(1).id)));
      case Kind::kPower: return Power(view.kid(0), view.kid(1));
      case Kind::kAdd: {
        std::optional<Terms> sum = Read(view.kid(0).id), more = Read(view.kid(1).id);
        if (!sum.has_value() || !more.has_value()) return std::nullopt;
        sum->insert(sum->end(), more->begin(), more->end());
        return sum;
      }
      default: return std::nullopt;
    }
  }

  std::optional<Rational> Number(View view) {
    const Form form = Canonical(view.ast, view.id, fuel_);
    return form.undefined ? std::nullopt : form.constant();
  }

  std::optional<Terms> Constant(View view) {
    const std::optional<Rational> number = Number(view);
    return number.has_value() ? std::optional(Terms{{*number, Rational(1)}}) : std::nullopt;
  }

  std::optional<Terms> Product(const std::optional<Terms>& a, const std::optional<Terms>& b) {
    if (!a.has_value() || !b.has_value() || a->size() * b->size() > kMaxTerms) return std::nullopt;
    Terms product;
    for (const Geometric& x : *a) {
      for (const Geometric& y : *b) product.push_back({x.factor * y.factor, x.ratio * y.ratio});
    }
    return product;
  }

  static std::optional<Terms> Inverse(const std::optional<Terms>& terms) {
    if (!terms.has_value() || terms->size() != 1 || terms->front().factor.is_zero() || terms->front().ratio.is_zero()) return std::nullopt;
    return Terms{{Rational(1) / terms->front().factor, Rational(1) / terms->front().ratio}};
  }

  std::optional<Terms> Power(View base, View exponent) {
    const std::optional<Linear> linear = ReadLinear(exponent);
    if (!linear.has_value()) return std::nullopt;
    if (!DependsOn(base, index_)) {
      const std::optional<Rational> number = Number(base);
      if (!number.has_value() || number->is_zero()) return std::nullopt;
      const auto factor = ExactPower(*number, linear->constant, fuel_), ratio = ExactPower(*number, linear->slope, fuel_);
      return factor.has_value() && ratio.has_value() ? std::optional(Terms{{*factor, *ratio}}) : std::nullopt;
    }
    const std::optional<Terms> terms = Read(base.id);
    if (linear->slope != 0 || !terms.has_value() || terms->size() != 1 || terms->front().factor.is_zero()) return std::nullopt;
    const auto factor = ExactPower(terms->front().factor, linear->constant, fuel_), ratio = ExactPower(terms->front().ratio, linear->constant, fuel_);
    return factor.has_value() && ratio.has_value() ? std::optional(Terms{{*factor, *ratio}}) : std::nullopt;
  }

  std::optional<Linear> ReadLinear(View view) {
    if (!DependsOn(view, index_)) {
      const std::optional<Rational> number = Number(view);
      if (!number.has_value() || !number->FitsInt64()) return std::nullopt;
      return Bounded({0, number->ToInt64()});
    }
    if (view.kind() == Kind::kSymbol) return Linear{1, 0};
    if (view.kind() != Kind::kNegate && view.kind() != Kind::kAdd && view.kind() != Kind::kMultiply) return std::nullopt;
    if (++nesting_ > kMaxNesting) return std::nullopt;
    const std::optional<Linear> a = ReadLinear(view.kid(0)), b = view.size() > 1 ? ReadLinear(view.kid(1)) : Linear{0, -1};
    --nesting_;
    if (!a.has_value() || !b.has_value()) return std::nullopt;
    if (view.kind() == Kind::kAdd) return Bounded({a->slope + b->slope, a->constant + b->constant});
    if (a->slope != 0 && b->slope != 0) return std::nullopt;
    return Bounded({a->slope * b->constant + b->slope * a->constant, a->constant * b->constant});
  }

  static std::optional<Linear> Bounded(Linear linear) {
    const bool small = std::abs(linear.slope) <= kMaxIndex && std::abs(linear.constant) <= kMaxIndex;
    return small ? std::optional(linear) : std::nullopt;
  }

  const Ast& ast_;
  const std::string& index_;
  Fuel& fuel_;
  int nesting_ = 0;
};

// The value of the sum from `first` on; nullopt where a part does not converge.
std::optional<Rational> ValueOf(const Terms& terms, int64_t first, Fuel& fuel) {
  Rational sum(0);
  for (const Geometric& term : terms) {
    if (term.factor.is_zero()) continue;
    if (Compare(term.ratio.Abs(), Rational(1)) >= 0 || term.ratio.is_zero()) return std::nullopt;
    const std::optional<Rational> power = ExactPower(term.ratio, first, fuel);
    if (!power.has_value()) return std::nullopt;
    sum = sum + term.factor * *power / (Rational(1) - term.ratio);
  }
  return sum;
}

std::optional<Rational> Closed(const Ast& ast, NodeId sum, Fuel& fuel) {
  if (!ast.Is(ast.kid(sum, 1), Kind::kInfinity)) return std::nullopt;
  const Form lower = Canonical(ast, ast.kid(sum, 0), fuel);
  const std::optional<Rational> first = lower.undefined ? std::nullopt : lower.constant();
  if (!first.has_value() || !first->FitsInt64() || std::abs(first->ToInt64()) > kMaxIndex) return std::nullopt;
  const std::optional<Terms> terms = TermReader(ast, ast.name(sum), fuel).Read(ast.kid(sum, 2));
  return terms.has_value() ? ValueOf(*terms, first->ToInt64(), fuel) : std::nullopt;
}

}  // namespace

void CloseGeometricSums(Ast& ast, Fuel& fuel) {
  for (NodeId id = 0; id < ast.nodes.size(); ++id) {
    if (!ast.Is(id, Kind::kSum)) continue;
    std::optional<Rational> value = Closed(ast, id, fuel);
    if (!value.has_value()) continue;
    for (NodeId part = ast.node(id).begin; part < id; ++part) ast.Drop(part);
    ast.nodes[id].kind = Kind::kNumber;
    ast.nodes[id].kid_count = 0;
    ast.nodes[id].payload = static_cast<int32_t>(ast.numbers.size());
    ast.numbers.push_back(*std::move(value));
  }
}

}  // namespace cohort::reward::math
