#include "services/reward/math/typed.h"

#include <numeric>
#include <string_view>
#include <utility>

#include "services/reward/math/canonical.h"
#include "services/reward/math/collections.h"
#include "services/reward/math/decisions.h"
#include "services/reward/math/equations.h"
#include "services/reward/math/families.h"
#include "services/reward/math/integration_constant.h"
#include "services/reward/math/intervals.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/matrices.h"
#include "services/reward/math/named_values.h"
#include "services/reward/math/permutations.h"
#include "services/reward/math/piecewise.h"
#include "services/reward/math/similar_figures.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/vectors.h"
#include "services/reward/math/words.h"

namespace cohort::reward::math {
namespace {

bool IsScalarKind(Kind kind) { return kind <= Kind::kLimit && kind != Kind::kText && kind != Kind::kNumeral && kind != Kind::kNumberSet && kind != Kind::kEmptySet; }

// Proportional: a·d = b·c for every two terms.
Decision CompareRatios(View a, View b, const Context& context) {
  if (a.size() != b.size()) return Other("different numbers of terms");
  Decision all = Same("the same proportions");
  for (size_t i = 1; i < a.size(); ++i) {
    Ast ast;
    const NodeId a0 = ast.Copy(a.ast, a.kid(0).id), b1 = ast.Copy(b.ast, b.kid(i).id);
    const NodeId left = ast.Add(Kind::kMultiply, {a0, b1});
    const NodeId a1 = ast.Copy(a.ast, a.kid(i).id), b0 = ast.Copy(b.ast, b.kid(0).id);
    const NodeId right = ast.Add(Kind::kMultiply, {a1, b0});
    const Decision part = CompareScalars({ast, left}, {ast, right}, context);
    if (part.equality != Equality::kEqual) return part;
    all = Combined(all, part);
  }
  return {Equality::kEqual, all.method, "the same proportions"};
}

Decision CompareQuantities(View a, View b, const Context& context) {
  const bool units_a = a.ast.Contains(a.id, Kind::kUnit), units_b = b.ast.Contains(b.id, Kind::kUnit);
  const std::optional<Quantity> x = WithoutUnits(a, true), y = WithoutUnits(b, units_b || !Variables(b).empty());
  const std::optional<Quantity> left = units_a ? x : WithoutUnits(a, !Variables(a).empty());
  if (!left.has_value() || !y.has_value()) return Other("the units do not fit together");
  const bool money = (left->dimension.empty() && IsMoney(y->dimension)) || (y->dimension.empty() && IsMoney(left->dimension));
  if (left->dimension != y->dimension) {
    const bool one_sided = left->dimension.empty() || y->dimension.empty();
    if (context.policy.units == UnitPolicy::kStrip && one_sided) {
      // The number as it was written, whatever its unit.
      Policy plain = context.policy;
      const Context inner{plain, context.key, context.fuel, context.secret};
      const std::optional<Ast> bare_a = WithoutUnitFactors(a), bare_b = WithoutUnitFactors(b);
      if (bare_a.has_value() && bare_b.has_value()) return CompareAnswers({*bare_a, bare_a->root}, {*bare_b, bare_b->root}, inner);
    }
    const bool percent = a.ast.Contains(a.id, Kind::kPercent) || b.ast.Contains(b.id, Kind::kPercent);  // 25% are no 25 cents.
    if (!money || percent || context.policy.units == UnitPolicy::kRequire) return Other("different units");
  } else if (context.policy.units == UnitPolicy::kRequire && left->units != y->units) {
    return Other("the unit was asked for");
  }
  return CompareScalars({left->ast, left->ast.root}, {y->ast, y->ast.root}, context);
}

// Modulo the same modulus.
Decision CompareRemainders(View a, View b, View modulus, const Context& context) {
  Ast ast;
  const auto remainder = [&ast, &modulus](View value) {
    const NodeId v = ast.Copy(value.ast, value.id), m = ast.Copy(modulus.ast, modulus.id);
    return ast.Add(Kind::kModulo, {v, m});
  };
  const NodeId first = remainder(a), second = remainder(b);
  return CompareScalars({ast, first}, {ast, second}, context);
}

Decision CompareCongruences(View a, View b, const Context& context) {
  const Decision modulus = CompareScalars(a.kid(1), b.kid(1), context);
  if (modulus.equality != Equality::kEqual) return modulus;
  const View x = a.kid(0), y = b.kid(0);
  const auto names = [](View view) { return view.kind() == Kind::kRelation && view.size() == 2 && view.kid(0).kind() == Kind::kSymbol && view.ast.relation(view.id, 0) == Relation::kEquivalent; };
  const bool bare = (names(x) && IsScalarKind(y.kind())) || (names(y) && IsScalarKind(x.kind()));
  if (bare && context.policy.assignment_lhs_optional) return CompareRemainders(names(x) ? x.kid(1) : x, names(y) ? y.kid(1) : y, a.kid(1), context);
  if (x.kind() != Kind::kRelation || y.kind() != Kind::kRelation || x.size() != 2 || y.size() != 2) return CompareAnswers(x, y, context);
  const Decision left = CompareScalars(x.kid(0), y.kid(0), context);
  if (left.equality != Equality::kEqual) return left;
  return CompareRemainders(x.kid(1), y.kid(1), a.kid(1), context);
}

bool HasUnits(View view) { return view.ast.Contains(view.id, Kind::kUnit); }

const char* NumberSetOf(const std::string& words) {
  static constexpr std::pair<std::string_view, const char*> kSets[] = {{kAllReals, "R"}, {kAllPositiveReals, "R+"}, {kAllNegativeReals, "R-"}, {kAllIntegers, "Z"}, {kAllPositiveIntegers, "Z+"}};
  for (const auto& [phrase, set] : kSets) {
    if (words == phrase) return set;
  }
  return nullptr;
}

// "no solution", "all real numbers": the set that the words stand for.
std::optional<View> SetInWords(View words, Ast& out) {
  const std::string& text = words.ast.name(words.id);
  if (text == kNoSolution) {
    out.root = out.Add(Kind::kEmptySet, {});
  } else if (const char* set = NumberSetOf(text); set != nullptr) {
    out.root = out.AddNamed(Kind::kNumberSet, set);
  } else if (text == kAllNonnegativeReals) {
    const NodeId zero = out.AddNumber(0), infinity = out.Add(Kind::kInfinity, {});
    out.root = out.Add(Kind::kTuple, {zero, infinity});
    out.nodes[out.root].op = PackBrackets('[', ')');
  } else {
    return std::nullopt;
  }
  return View(out, out.root);
}

// A permutation where the other side is a number, or one as well.
std::optional<Decision> ComparePermutations(View a, View b, const Context& context) {
  if (!IsScalarKind(a.kind()) || !IsScalarKind(b.kind())) return std::nullopt;
  const std::optional<Ast> x = WithPermutationsCounted(a), y = WithPermutationsCounted(b);
  if (!x.has_value() && !y.has_value()) return std::nullopt;
  if ((!x.has_value() && !Variables(a).empty()) || (!y.has_value() && !Variables(b).empty())) return std::nullopt;
  return CompareScalars(x.has_value() ? View(*x, x->root) : a, y.has_value() ? View(*y, y->root) : b, context);
}

// A(1, 2): a point by its name and its place.
bool IsNamedPoint(View view) { return view.kind() == Kind::kCall && view.ast.name(view.id).size() == 1 && view.ast.name(view.id)[0] >= 'A' && view.ast.name(view.id)[0] <= 'Z'; }

Decision CompareUnlike(View a, View b, const Context& context);

// Whether the ratio is one of two whole numbers without a common factor.
bool IsReduced(View ratio, const Context& context) {
  if (ratio.size() != 2) return false;
  Ast ast;
  const NodeId left = ast.Copy(ratio.ast, ratio.kid(0).id), right = ast.Copy(ratio.ast, ratio.kid(1).id);
  const auto x = Canonical(ast, left, context.fuel).constant(), y = Canonical(ast, right, context.fuel).constant();
  if (!x.has_value() || !y.has_value() || !x->FitsInt64() || !y->FitsInt64()) return false;
  return x->is_integer() && y->is_integer() && std::gcd(x->ToInt64(), y->ToInt64()) == 1;
}

// 9:12 looks like a time, but against 3:4 it is a ratio. 2:60 is no way to write 1:30, and 2:05 is always a time.
std::optional<Decision> CompareTimeWithRatio(View a, View b, const Context& context) {
  const View time = a.kind() == Kind::kTime ? a : b, ratio = a.kind() == Kind::kTime ? b : a;
  if (time.kind() != Kind::kTime || ratio.kind() != Kind::kRatio || time.node().flag != 0 || time.node().payload % 60 != 0) return std::nullopt;
  if (time.node().payload / 60 % 60 < 10 || !IsReduced(ratio, context)) return std::nullopt;
  Ast ast;
  const NodeId hours = ast.AddNumber(time.node().payload / 3600), minutes = ast.AddNumber(time.node().payload / 60 % 60);
  ast.root = ast.Add(Kind::kRatio, {hours, minutes});
  return CompareRatios({ast, ast.root}, ratio, context);
}

Decision CompareKinds(View a, const Form& form_a, View b, const Form& form_b, const Context& context) {
  const Kind x = a.kind(), y = b.kind();
  if (x == Kind::kEllipsis || y == Kind::kEllipsis) return Other("an ellipsis is no answer");
  if (const auto ratio = CompareTimeWithRatio(a, b, context)) return *ratio;
  if (x == Kind::kTime || y == Kind::kTime) return x == y && a.node().payload == b.node().payload ? Same("the same time") : Other("different times");
  if (x == Kind::kDate || y == Kind::kDate) return x == y && a.node().payload == b.node().payload ? Same("the same date") : Other("different dates");
  if (x == Kind::kText || y == Kind::kText) {
    if (x != y && context.policy.fold_text) {
      Ast made;
      if (const auto set = SetInWords(x == Kind::kText ? a : b, made)) return x == Kind::kText ? CompareAnswers(*set, b, context) : CompareAnswers(a, *set, context);
    }
    const auto words = [&context](View view) { return context.policy.fold_text ? view.ast.name(view.id) : view.ast.written(view.id); };
    const bool same = x == y && words(a) == words(b);
    return {same ? Equality::kEqual : Equality::kDifferent, v1::METHOD_TEXT, same ? "the same words" : "different words"};
  }
  if (x == Kind::kNumeral || y == Kind::kNumeral) {
    return x == y && a.ast.name(a.id) == b.ast.name(b.id) ? Same("the same digits in the same base") : Other("different digits or bases");
  }
  if (const auto families = CompareFamilies(a, b, context)) return *families;
  if (const auto named = CompareNamedValues(a, b, context)) return *named;
  const bool system_a = IsSystem(a) && !HasName(a), system_b = IsSystem(b) && !HasName(b);
  if (system_a && y == Kind::kTuple) return CompareSystemWithTuple(a, b, context);
  if (system_b && x == Kind::kTuple) return CompareSystemWithTuple(b, a, context);
  if (context.policy.assignment_lhs_optional && HasName(a) != HasName(b)) {
    // "x = 5" is 5, but "x = 5" against "x - 2 = 3" stays an equation.
    const View named = HasName(a) ? a : b, bare = HasName(a) ? b : a;
    if (IsSystem(bare)) return CompareNumberedSolutions(a, b, context).value_or(Other("values of one name against values of several"));  // x = 2, 3 against x = 2, y = 3
    if (bare.kind() == Kind::kCases || (bare.kind() != Kind::kRelation && !bare.ast.Contains(bare.id, Kind::kRelation))) {
      // The open interval of x ∈ (0, 1) is no column.
      if (named.kind() == Kind::kRelation && named.ast.relation(named.id, 0) == Relation::kIn && IsMatrix(bare, context)) return Other("a set against a matrix");
      Ast made;
      const View value = *ValueOf(named, made);
      const Form form = Canonical(value.ast, value.id, context.fuel);
      return HasName(a) ? CompareAnswers(value, form, b, form_b, context) : CompareAnswers(a, form_a, value, form, context);
    }
  }
  if ((x == Kind::kRelation) != (y == Kind::kRelation)) {
    Ast made;
    const std::optional<View> values = NamedValues(x == Kind::kRelation ? b : a, made);
    if (values.has_value()) {
      if (const auto roots = CompareSets(x == Kind::kRelation ? a : *values, x == Kind::kRelation ? *values : b, context)) return *roots;
    }
  }
  if (const auto solutions = CompareNumberedSolutions(a, b, context)) return *solutions;
  if (const auto permutations = ComparePermutations(a, b, context)) return *permutations;
  const std::optional<Decision> sets = CompareSets(a, b, context);
  if (sets.has_value()) return *sets;
  if (IsCollection(x) || IsCollection(y) || x == Kind::kEmptySet || y == Kind::kEmptySet || a.ast.Contains(a.id, Kind::kPlusMinus) || b.ast.Contains(b.id, Kind::kPlusMinus)) {
    const bool plausible = (IsCollection(x) || x == Kind::kEmptySet || a.ast.Contains(a.id, Kind::kPlusMinus)) && (IsCollection(y) || y == Kind::kEmptySet || b.ast.Contains(b.id, Kind::kPlusMinus));
    return plausible ? CompareCollections(a, b, context) : Other("one answer against several");
  }
  if (x == Kind::kCongruence && y == Kind::kCongruence) return CompareCongruences(a, b, context);
  if (x == Kind::kRelation && y == Kind::kRelation) return CompareRelations(a, b, context);
  if (x == Kind::kCases || y == Kind::kCases) {
    const Decision cases = x == y ? CompareCases(a, b, context) : Other("cases against one formula");
    const bool functions = (x == y || IsScalarKind(x == Kind::kCases ? y : x)) && cases.equality != Equality::kEqual;
    return functions ? CompareAsFunctions(a, b, context).value_or(cases) : cases;
  }
  if (x == Kind::kRatio && y == Kind::kRatio) return CompareRatios(a, b, context);
  if (const std::optional<Decision> vectors = CompareVectors(a, b, context)) return *vectors;
  if (const std::optional<Decision> matrices = CompareMatrices(a, b, context)) return *matrices;
  if (x == Kind::kTuple && y == Kind::kTuple) return CompareTuples(a, b, context);
  if (const std::optional<Decision> integrals = CompareUpToConstantName(a, b, context)) return *integrals;
  if (IsScalarKind(x) && IsScalarKind(y)) return HasUnits(a) || HasUnits(b) ? CompareQuantities(a, b, context) : CompareScalars(a, form_a, b, form_b, context);
  return CompareUnlike(a, b, context);
}

// The table of coercions between types.
Decision CompareUnlike(View a, View b, const Context& context) {
  const View ratio = a.kind() == Kind::kRatio ? a : b, other = a.kind() == Kind::kRatio ? b : a;
  if (ratio.kind() == Kind::kRatio && ratio.size() == 2 && IsScalarKind(other.kind()) && other.kind() == Kind::kDivide) {
    Ast ast;
    const NodeId above = ast.Copy(ratio.ast, ratio.kid(0).id), below = ast.Copy(ratio.ast, ratio.kid(1).id);
    ast.root = ast.Add(Kind::kDivide, {above, below});
    return CompareScalars({ast, ast.root}, other, context);
  }
  const View point = IsNamedPoint(a) ? a : b, place = IsNamedPoint(a) ? b : a;
  if (IsNamedPoint(point) && place.kind() == Kind::kTuple && place.ast.brackets(place.id).open == '(' && place.ast.brackets(place.id).close == ')') {
    return CompareInOrder(Kids(a), Kids(b), context);
  }
  const auto is_set_in_letters = [](View set, View letter) {  // R for ℝ
    return set.kind() == Kind::kNumberSet && letter.kind() == Kind::kSymbol && set.ast.name(set.id) == letter.ast.name(letter.id) && std::string_view("RZQ").find(letter.ast.name(letter.id)) != std::string_view::npos;
  };
  if (is_set_in_letters(a, b) || is_set_in_letters(b, a)) return Same("the same set of numbers");
  const auto unevaluated = [](View view) { return view.ast.Contains(view.id, Kind::kIntegral) || view.ast.Contains(view.id, Kind::kLimit); };
  if (unevaluated(a) || unevaluated(b)) return Unknown("an integral or a limit is compared by its form only");
  return Other("answers of different types");
}

}  // namespace

Decision CompareAnswers(View a, View b, const Context& context) {
  return CompareAnswers(a, Canonical(a.ast, a.id, context.fuel), b, Canonical(b.ast, b.id, context.fuel), context);
}

Decision CompareAnswers(View a, const Form& form_a, View b, const Form& form_b, const Context& context) {
  if (!context.fuel.Spend(20)) return Unknown("out of fuel");
  if (context.fuel.exhausted()) return Unknown("out of fuel");
  const auto number_a = form_a.constant(), number_b = form_b.constant();
  const bool nothing = number_a.has_value() && number_b.has_value() && number_a->is_zero() && (HasUnits(a) || HasUnits(b));  // No apples are no meters.
  if (number_a.has_value() && number_b.has_value() && !nothing) {
    const bool same = *number_a == *number_b;
    return {same ? Equality::kEqual : Equality::kDifferent, v1::METHOD_EXACT, same ? "the same rational number" : "different rational numbers"};
  }
  if (const auto similarities = CompareSimilarities(a, b)) return *similarities;
  const bool ordered = context.policy.order_matters && (a.kind() == Kind::kList || b.kind() == Kind::kList);
  const bool as_written = !context.policy.fold_text && (a.ast.Contains(a.id, Kind::kText) || b.ast.Contains(b.id, Kind::kText));
  const bool joint = a.kind() == Kind::kList && b.kind() == Kind::kList && a.node().flag != b.node().flag;  // "x < 1 and x > 2" is less than "x < 1, x > 2".
  if (!ordered && !as_written && !joint && !nothing && !form_a.undefined && !form_b.undefined && form_a == form_b) return Same("the same canonical form");
  return CompareKinds(a, form_a, b, form_b, context);
}

}  // namespace cohort::reward::math
