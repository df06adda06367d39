// Where functions of variables are compared.
#include "services/reward/math/sample_points.h"

#include <algorithm>
#include <cstdlib>

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxSteps = 16;
constexpr int kFarEvery = 3;
constexpr uint64_t kLeastFarBits = 20, kMoreFarBits = 30;

// ⌊n/2⌋: what is rounded and named like a number of things is one.
void CollectCounts(View view, std::vector<std::string>& names) {
  for (std::string& name : Variables(view)) {
    if (name == "n" || name == "m" || name == "k") names.push_back(std::move(name));
  }
}

bool IsLogarithm(View view) {
  if (view.kind() != Kind::kFunction) return false;
  const Function function = view.ast.function(view.id);
  return function == Function::kLn || function == Function::kLog10 || function == Function::kLog;
}

// Whether `name` stands in the subtree only once in each of its logarithms of products and quotients of several names: \ln(xy), \log_2\frac{x}{y}.
bool OnlyInProductLogarithms(View view, const std::string& name) {
  size_t inside = 0, all = 0;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    all += view.ast.Is(id, Kind::kSymbol) && view.ast.name(id) == name ? 1 : 0;
    if (!IsLogarithm({view.ast, id})) continue;
    const View argument(view.ast, view.ast.kid(id, view.ast.node(id).kid_count - 1));
    size_t names = 0, own = 0;
    bool product = true;
    for (NodeId part = argument.node().begin; part <= argument.id; ++part) {
      const Kind kind = view.ast.node(part).kind;
      names += kind == Kind::kSymbol ? 1 : 0;
      own += kind == Kind::kSymbol && view.ast.name(part) == name ? 1 : 0;
      product = product && (kind == Kind::kSymbol || kind == Kind::kNumber || kind == Kind::kMultiply || kind == Kind::kDivide || kind == Kind::kDropped);
    }
    if (product && own == 1 && names == Variables(argument).size() && names > 1) ++inside;
  }
  return all > 0 && inside == all;
}

// A whole number: even and odd ones of the first three variables occur together with each other, small ones and larger ones.
Rational DrawWhole(Random& random, int attempt, size_t index) {
  const uint64_t parity = (static_cast<uint64_t>(attempt) >> (index % 3)) & 1;
  const uint64_t half = attempt / kSignPatterns % 2 == 0 ? 1 + random.Below(6) : 10 + random.Below(50);
  return Rational(static_cast<int64_t>(2 * half + parity));
}

}  // namespace

// Names that stand for whole numbers: under a factorial, in a binomial, as a bound, as an exponent of a negative number.
void CollectIntegers(View view, std::vector<std::string>& names) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const Kind kind = view.ast.node(id).kind;
    size_t from = 0, to = 0;
    switch (kind) {
      case Kind::kFactorial: case Kind::kDoubleFactorial: to = 1; break;
      case Kind::kBinomial: case Kind::kModulo: case Kind::kSum: case Kind::kProduct: to = 2; break;
      case Kind::kFunction:
        if (view.ast.function(id) == Function::kGcd || view.ast.function(id) == Function::kLcm) to = view.ast.node(id).kid_count;
        if (view.ast.function(id) == Function::kFloor || view.ast.function(id) == Function::kCeiling) CollectCounts({view.ast, view.ast.kid(id, 0)}, names);
        break;
      case Kind::kPower:
        if (view.ast.Is(view.ast.kid(id, 0), Kind::kNegate)) from = 1, to = 2;
        if (!Variables({view.ast, view.ast.kid(id, 0)}).empty()) CollectCounts({view.ast, view.ast.kid(id, 1)}, names);  // (ab)^n
        break;
      default: break;
    }
    for (size_t k = from; k < to; ++k) {
      for (std::string& name : Variables({view.ast, view.ast.kid(id, k)})) names.push_back(std::move(name));
    }
  }
}

// Names that are the base of a logarithm, which is positive by definition: log_a b · log_b c is log_a c.
void CollectBases(View view, std::vector<std::string>& names) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const bool logarithm = view.ast.Is(id, Kind::kFunction) && view.ast.function(id) == Function::kLog;
    if (logarithm && view.ast.Is(view.ast.kid(id, 0), Kind::kSymbol)) names.push_back(view.ast.name(view.ast.kid(id, 0)));
  }
}

// Names of which one side takes the logarithm and the other that of their product: \ln x + \ln y against \ln(xy). Both speak of positive numbers, unlike \ln(x^2).
void CollectLogarithmands(View a, View b, std::vector<std::string>& names) {
  std::vector<std::string> seen;  // Each name is looked for once.
  for (NodeId id = a.node().begin; id <= a.id; ++id) {
    if (!IsLogarithm({a.ast, id})) continue;
    const View argument(a.ast, a.ast.kid(id, a.ast.node(id).kid_count - 1));
    if (argument.kind() != Kind::kSymbol || std::find(seen.begin(), seen.end(), a.ast.name(argument.id)) != seen.end()) continue;
    seen.push_back(a.ast.name(argument.id));
    if (OnlyInProductLogarithms(b, a.ast.name(argument.id))) names.push_back(a.ast.name(argument.id));
  }
}

// One variable's value; among the first points every sign of the first three variables occurs together with every other, twice.
Rational Draw(Random& random, int attempt, size_t index, Domain domain, bool rational_function, bool piecewise) {
  if (domain == Domain::kWhole) return DrawWhole(random, attempt, index);
  if (rational_function) return Rational(static_cast<int64_t>(random.Below(uint64_t{1} << 40)) - (int64_t{1} << 39), 1 + random.Below(64));
  const uint64_t below = 101 + random.Below(800);
  const int64_t above = static_cast<int64_t>(1 + random.Below(below - 1));
  if (piecewise && attempt >= kSignPatterns && attempt % kFarEvery == 0) {  // A piece may lie far out.
    const int64_t far = above + (static_cast<int64_t>(below) << (kLeastFarBits + random.Below(kMoreFarBits)));
    return Rational(domain == Domain::kReal && ((attempt / kFarEvery + index) & 1) != 0 ? -far : far, below);
  }
  const bool negative = attempt < kSignRounds * kSignPatterns ? ((attempt >> (index % 3)) & 1) != 0 : random.Below(4) == 0;
  const int64_t sign = negative && domain == Domain::kReal ? -1 : 1;
  switch ((attempt / 2 + attempt / kSignPatterns) % 4) {
    case 0: case 2: return Rational(sign * above, below);                                                            // (0, 1)
    case 1: return Rational(sign * (above + static_cast<int64_t>(below * (1 + random.Below(6)))), below);            // (1, 7)
    default: return Rational(sign * (above + static_cast<int64_t>(below * (7 + random.Below(300)))), below);
  }
}

// Whether large whole numbers make it expensive: n!, 2^n, sums up to n.
bool GrowsFast(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const Kind kind = view.ast.node(id).kind;
    if (kind == Kind::kFactorial || kind == Kind::kDoubleFactorial || kind == Kind::kBinomial || kind == Kind::kSum || kind == Kind::kProduct || kind == Kind::kPower) return true;
  }
  return false;
}

// Whole numbers at which steps may lie: 1, and the whole numbers of the text and their neighbours. gcd(n, 97) is 1 up to 96.
void CollectSteps(View view, int64_t largest, std::vector<int64_t>& steps) {
  for (NodeId id = view.node().begin; id <= view.id && steps.size() < kMaxSteps; ++id) {
    if (!view.ast.Is(id, Kind::kNumber) || !view.ast.number(id).FitsInt64()) continue;
    const int64_t number = std::abs(view.ast.number(id).ToInt64());
    if (number > 1 && number <= largest) steps.push_back(number), steps.push_back(number + 1);
  }
}

}  // namespace cohort::reward::math
