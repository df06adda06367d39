#include "services/reward/math/canonical.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "services/reward/math/exact_values.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/radicals.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxTerms = 4096;
constexpr size_t kMaxTextBytes = 64 * 1024;

const char* const kFunctionNames[] = {"sin",   "cos",   "tan",   "cot", "sec",   "csc", "arcsin", "arccos", "arctan", "arccot", "sinh",  "cosh", "tanh", "coth", "arsinh", "arcosh", "artanh",
                                      "ln",    "log10", "log",   "exp", "abs",   "floor", "ceil", "gcd",    "lcm",    "max",    "min",   "Re",   "Im",   "arg",  "sgn",    "det", "cis"};
const char* const kRelationNames[] = {"=", "!=", "<", "<=", ">", ">=", "~", "in", "notin", "equiv", "|", "subset", "similar", "perp", "parallel", "->"};

class Canonicalizer {
 public:
  Canonicalizer(const Ast& ast, Fuel& fuel) : ast_(ast), fuel_(fuel) {}

  Form Run(NodeId root) {
    begin_ = ast_.node(root).begin;
    forms_.resize(root - begin_ + 1);
    NameBoundVariables(root);
    for (NodeId id = begin_; id <= root; ++id) {
      if (!fuel_.Spend(100)) return Undefined();
      forms_[id - begin_] = Build(id);
    }
    Form form = std::move(forms_.back());
    MergeTerms(form);
    return form;
  }

 private:
  // The variable of a sum, product, integral or limit is only a name: the outermost becomes #1, in subscripts too.
  void NameBoundVariables(NodeId root) {
    std::vector<NodeId> outer;
    for (NodeId id = root + 1; id-- > begin_;) {
      const Kind kind = ast_.node(id).kind;
      if (kind != Kind::kSum && kind != Kind::kProduct && kind != Kind::kIntegral && kind != Kind::kLimit) continue;
      if (bound_.empty()) bound_.resize(root - begin_ + 1);
      const std::string& name = ast_.name(id);
      if (name.empty()) continue;
      const auto level = std::count_if(outer.begin(), outer.end(), [this, id](NodeId big) { return ast_.node(big).begin <= id; });
      outer.push_back(id);
      const std::string number = "#" + std::to_string(level + 1);
      const NodeId body = ast_.kid(id, ast_.node(id).kid_count - 1);
      const NodeId from = kind == Kind::kLimit ? ast_.node(id).begin : ast_.node(body).begin;
      if (!fuel_.Spend(body - from + static_cast<int64_t>(outer.size()))) return;
      for (NodeId i = from; i <= body; ++i) {
        if (!ast_.Is(i, Kind::kSymbol)) continue;
        const std::string& symbol = ast_.name(i);
        std::string& alias = bound_[i - begin_];
        if (symbol == name) alias = number;
        if (symbol.size() > name.size() + 1 && symbol[symbol.size() - name.size() - 1] == '_' && symbol.ends_with(name)) {
          alias = symbol.substr(0, symbol.size() - name.size()) + number;
        }
      }
    }
  }

  Form& KidForm(NodeId id, size_t i) { return forms_[ast_.kid(id, i) - begin_]; }

  std::string KidText(NodeId id, size_t i) {
    Form& form = KidForm(id, i);
    MergeTerms(form);
    std::string text = form.Text();
    if (!fuel_.Spend(static_cast<int64_t>(text.size()) / 4) || text.size() > kMaxTextBytes) fuel_.Spend(kMaxFuel);
    return text;
  }

  std::optional<Rational> KidNumber(NodeId id, size_t i) {
    Form& form = KidForm(id, i);
    MergeTerms(form);
    return form.undefined ? std::nullopt : form.constant();
  }

  bool KidUndefined(NodeId id) {
    for (size_t i = 0; i < ast_.node(id).kid_count; ++i) {
      if (KidForm(id, i).undefined) return true;
    }
    return false;
  }

  Form Build(NodeId id) {
    const Node& node = ast_.node(id);
    if (KidUndefined(id)) return Undefined();
    switch (node.kind) {
      case Kind::kDropped: return Form();
      case Kind::kNumber: return OfNumber(ast_.number(id));
      case Kind::kSymbol: return OfAtom(bound_.empty() || bound_[id - begin_].empty() ? ast_.name(id) : bound_[id - begin_]);
      case Kind::kPi: return OfAtom("pi");
      case Kind::kE: return OfAtom("exp(1)");
      case Kind::kI: return OfAtom("i");
      case Kind::kInfinity: infinity_ = true; return OfAtom("oo");
      case Kind::kText: return OfAtom("'" + ast_.name(id) + "'");
      case Kind::kUnit: return OfAtom("[" + ast_.name(id) + "]");
      case Kind::kNumeral: return OfAtom("base(" + ast_.name(id) + ")");
      case Kind::kNumberSet: return OfAtom("set " + ast_.name(id));
      case Kind::kEmptySet: return OfAtom("{}");
      case Kind::kEllipsis: return OfAtom("...");
      case Kind::kAdd: return HasEndlessPart(id) ? InOrder(id, "oo+") : Sum(id);
      case Kind::kNegate: return Scaled(std::move(KidForm(id, 0)), Rational(-1));
      case Kind::kMultiply: return HasEndlessPart(id) ? InOrder(id, "oo*") : OrderCounts(id) ? InOrder(id, "times") : Product(KidForm(id, 0), KidForm(id, 1));
      case Kind::kDivide: return HasEndlessPart(id) ? InOrder(id, "oo/") : Quotient(id);
      case Kind::kPower: return HasEndlessPart(id) ? InOrder(id, "oo^") : Power(id);
      case Kind::kRoot: return Root(id);
      case Kind::kPercent: return Scaled(std::move(KidForm(id, 0)), Rational(1, 100));
      case Kind::kDegree: {
        Form pi = OfAtom("pi");
        pi.terms[0].coefficient = Rational(1, 180);
        return Product(KidForm(id, 0), pi);
      }
      case Kind::kFunction: return FunctionOf(id);
      case Kind::kFactorial: case Kind::kDoubleFactorial: return Factorial(id);
      case Kind::kBinomial: return Binomial(id);
      case Kind::kModulo: return Modulo(id);
      default: return Structure(id);
    }
  }

  // Whether one of its two parts is an infinity, or calculates with one. Nothing may be cancelled there: ∞ - ∞ is not 0.
  bool HasEndlessPart(NodeId id) {
    const auto endless = [](const Form& form) {
      return std::any_of(form.terms.begin(), form.terms.end(), [](const Term& term) {
        return std::any_of(term.factors.begin(), term.factors.end(), [](const Factor& factor) { return factor.atom.starts_with("oo"); });
      });
    };
    return infinity_ && (endless(KidForm(id, 0)) || endless(KidForm(id, 1)));
  }

  // Whether both factors hold matrices or vectors: AB is not BA, and nothing may be cancelled in P·D·P⁻¹.
  bool OrderCounts(NodeId id) const {
    const auto holds = [this](NodeId kid) { return ast_.Contains(kid, Kind::kMatrix) || ast_.Contains(kid, Kind::kTuple); };
    return vectors_ && holds(ast_.kid(id, 0)) && holds(ast_.kid(id, 1));
  }

  // Equal only to what is written alike.
  Form InOrder(NodeId id, const char* sign) {
    const std::string left = KidText(id, 0);
    return OfAtom(Joined(sign, {left, KidText(id, 1)}));
  }

  Form Sum(NodeId id) {
    Form& left = KidForm(id, 0);
    Form& right = KidForm(id, 1);
    if (left.terms.size() < right.terms.size()) std::swap(left, right);
    if (!fuel_.Spend(4 * static_cast<int64_t>(right.terms.size())) || left.terms.size() + right.terms.size() > kMaxTerms) return Undefined();
    Form sum = std::move(left);
    for (Term& term : right.terms) {
      if (term.factors.empty() && sum.terms.size() == 1 && sum.terms[0].factors.empty()) {
        if (!SpendOn(term.coefficient, sum.terms[0].coefficient)) return Undefined();
        sum.terms[0].coefficient = sum.terms[0].coefficient + term.coefficient;
        if (sum.terms[0].coefficient.is_zero()) sum.terms.clear();
      } else {
        sum.terms.push_back(std::move(term));
        sum.merged = sum.terms.size() == 1;
      }
    }
    return sum;
  }

  bool SpendOn(const Rational& a, const Rational& b) {
    const int64_t words = 1 + a.bits() / 64, more = 1 + b.bits() / 64;
    return fuel_.Spend(words * more / 8 + words + more);
  }

  Form Scaled(Form form, const Rational& factor) {
    for (Term& term : form.terms) {
      if (!SpendOn(term.coefficient, factor)) return Undefined();
      term.coefficient = term.coefficient * factor;
    }
    return form;
  }

  Form Product(Form& a, Form& b) {
    MergeTerms(a);
    MergeTerms(b);
    if (a.terms.empty() || b.terms.empty()) return Form();
    if (const auto number = a.constant()) return Scaled(std::move(b), *number);
    if (const auto number = b.constant()) return Scaled(std::move(a), *number);
    Form product;
    product.terms.push_back(AsTerm(a));
    Term& term = product.terms[0];
    Term other = AsTerm(b);
    if (!SpendOn(term.coefficient, other.coefficient)) return Undefined();
    if (!fuel_.Spend(8 * static_cast<int64_t>(term.factors.size() + other.factors.size()))) return Undefined();
    term.coefficient = term.coefficient * other.coefficient;
    term.factors.insert(term.factors.end(), std::make_move_iterator(other.factors.begin()), std::make_move_iterator(other.factors.end()));
    MergeFactors(term);
    return product;
  }

  // A sum becomes one atom, its first coefficient taken out so that 2x + 2 and x + 1 share theirs.
  Term AsTerm(Form& form) {
    if (form.terms.size() == 1) return std::move(form.terms[0]);
    const Rational lead = form.terms.front().coefficient;
    Form scaled = Scaled(std::move(form), Rational(1) / lead);
    if (scaled.undefined) return Undefined().terms[0];
    std::string text = "(" + scaled.Text() + ")";
    fuel_.Spend(static_cast<int64_t>(text.size()) / 4);
    if (text.size() > kMaxTextBytes) fuel_.Spend(kMaxFuel);
    Form atom = OfAtom(std::move(text));
    atom.terms[0].coefficient = lead;
    return std::move(atom.terms[0]);
  }

  Form Quotient(NodeId id) {
    Form& below = KidForm(id, 1);
    MergeTerms(below);
    if (below.terms.empty()) return Undefined();
    if (const auto number = below.constant()) return Scaled(std::move(KidForm(id, 0)), Rational(1) / *number);
    Form inverse = IntegerPower(below, -1);
    return Product(KidForm(id, 0), inverse);
  }

  Form IntegerPower(Form& base, int64_t exponent) {
    Form power;
    power.terms.push_back(AsTerm(base));
    Term& term = power.terms[0];
    std::optional<Rational> coefficient = ExactPower(term.coefficient, exponent, fuel_);
    if (fuel_.exhausted()) return Undefined();
    if (!coefficient.has_value()) return OfAtom("pow((" + power.Text() + ")," + std::to_string(exponent) + ")");
    term.coefficient = *std::move(coefficient);
    for (Factor& factor : term.factors) factor.exponent = factor.exponent * Rational(exponent);
    MergeFactors(term);
    return power;
  }

  Form Power(NodeId id) {
    const auto base = KidNumber(id, 0), exponent = KidNumber(id, 1);
    if (exponent.has_value() && exponent->is_zero()) return base.has_value() && base->is_zero() ? Undefined() : OfNumber(1);
    if (base.has_value() && base->is_zero() && exponent.has_value()) return exponent->sign() > 0 ? OfNumber(0) : Undefined();
    if (base.has_value() && base->is_one()) return OfNumber(1);
    if (exponent.has_value() && exponent->FitsInt64() && std::abs(exponent->ToInt64()) <= kMaxExactBits) return IntegerPower(KidForm(id, 0), exponent->ToInt64());
    if (exponent.has_value() && !exponent->is_integer()) {
      if (auto power = FractionalPower(KidForm(id, 0), *exponent)) return *std::move(power);
    }
    if (KidForm(id, 0).Is("exp(1)")) return OfAtom("exp(" + KidText(id, 1) + ")");
    return OfAtom("pow(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
  }

  Form Root(NodeId id) {
    const auto index = KidNumber(id, 1);
    if (!index.has_value()) return OfAtom("root(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
    if (!index->is_integer() || index->sign() <= 0) return Undefined();
    if (auto power = FractionalPower(KidForm(id, 0), Rational(1) / *index)) return *std::move(power);
    return OfAtom("pow(" + KidText(id, 0) + ",1/" + index->ToString() + ")");
  }

  // Of a number or a product of roots of numbers.
  std::optional<Form> FractionalPower(Form& base, const Rational& exponent) {
    MergeTerms(base);
    const std::optional<Rational> number = base.constant();
    if (number.has_value()) {
      if (number->is_zero()) return exponent.sign() > 0 ? OfNumber(0) : Undefined();
      if (const auto root = ExactRoot(*number, exponent.denominator(), fuel_); root.has_value() && fmpz_fits_si(exponent.numerator())) {
        if (auto power = ExactPower(*root, fmpz_get_si(exponent.numerator()), fuel_)) return OfNumber(*std::move(power));
      }
      return PowerOfNumber(*number, exponent, fuel_);
    }
    return PowerOfRadical(base, exponent, fuel_);
  }

  Form FunctionOf(NodeId id) {
    const Function function = ast_.function(id);
    const size_t count = ast_.node(id).kid_count;
    Numbers numbers;
    for (size_t i = 0; i < count; ++i) {
      if (auto number = KidNumber(id, i)) numbers.push_back(*std::move(number));
    }
    if (numbers.size() == count) {
      if (auto value = ExactFunction(function, numbers)) return OfNumber(*std::move(value));
    }
    std::vector<std::string> arguments;
    for (size_t i = 0; i < count; ++i) arguments.push_back(KidText(id, i));
    if (function == Function::kGcd || function == Function::kLcm || function == Function::kMax || function == Function::kMin) std::sort(arguments.begin(), arguments.end());
    return OfAtom(Joined(kFunctionNames[static_cast<int>(function)], arguments));
  }

  Form Factorial(NodeId id) {
    const bool twice = ast_.Is(id, Kind::kDoubleFactorial);
    const auto n = KidNumber(id, 0);
    if (n.has_value() && n->FitsInt64()) {
      if (n->sign() < 0) return Undefined();
      if (auto value = twice ? ExactDoubleFactorial(*n, fuel_) : ExactFactorial(*n, fuel_)) return OfNumber(*std::move(value));
    }
    return OfAtom(std::string(twice ? "factorial2(" : "factorial(") + KidText(id, 0) + ")");
  }

  Form Binomial(NodeId id) {
    const auto n = KidNumber(id, 0), k = KidNumber(id, 1);
    if (n.has_value() && k.has_value() && n->FitsInt64() && k->FitsInt64() && n->sign() >= 0 && k->sign() >= 0) {
      if (auto value = ExactBinomial(*n, *k, fuel_)) return OfNumber(*std::move(value));
    }
    return OfAtom("binom(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
  }

  Form Modulo(NodeId id) {
    const auto a = KidNumber(id, 0), m = KidNumber(id, 1);
    if (m.has_value() && m->is_zero()) return Undefined();
    if (!a.has_value() || !m.has_value()) return OfAtom("mod(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
    auto remainder = ExactRemainder(*a, *m, fuel_);
    return remainder.has_value() ? OfNumber(*std::move(remainder)) : Undefined();
  }

  static std::string Joined(std::string name, const std::vector<std::string>& parts) {
    name += '(';
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) name += ',';
      name += parts[i];
    }
    name += ')';
    return name;
  }

  // Everything that is no number: a name with the canonical texts of its parts.
  Form Structure(NodeId id) {
    const Node& node = ast_.node(id);
    std::vector<std::string> parts;
    int64_t bytes = 0;
    for (size_t i = 0; i < node.kid_count; ++i) {
      parts.push_back(KidText(id, i));
      bytes += static_cast<int64_t>(parts.back().size());
    }
    if (bytes > static_cast<int64_t>(kMaxTextBytes) || !fuel_.Spend(bytes)) {
      fuel_.Spend(kMaxFuel);
      return Undefined();
    }
    switch (node.kind) {
      case Kind::kCall: return OfAtom(Joined(ast_.name(id), parts));
      case Kind::kPlusMinus: return OfAtom(Joined(node.flag == 1 ? "minusplus" : "plusminus", parts));
      case Kind::kBar: return OfAtom(Joined("bar", parts));
      case Kind::kSum: return OfAtom(Joined("sum", parts));
      case Kind::kProduct: return OfAtom(Joined("product", parts));
      case Kind::kIntegral: return OfAtom(Joined("integral", parts));
      case Kind::kLimit: return OfAtom(Joined("limit", parts));
      case Kind::kRelation: {
        std::string text = "(" + parts[0];
        for (size_t i = 1; i < parts.size(); ++i) text += std::string(" ") + kRelationNames[static_cast<int>(ast_.relation(id, i - 1))] + " " + parts[i];
        return OfAtom(text + ")");
      }
      case Kind::kList: std::sort(parts.begin(), parts.end()); return OfAtom(Joined(node.flag == kJoinedByOr ? "or" : "list", parts));
      case Kind::kSet: {
        std::sort(parts.begin(), parts.end());
        parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
        return OfAtom(Joined("set", parts));
      }
      case Kind::kTuple: vectors_ = true; return OfAtom(Joined(std::string("tuple") + ast_.brackets(id).open + ast_.brackets(id).close, parts));
      case Kind::kSetBuilder: return OfAtom(Joined("those", parts));
      case Kind::kUnion: std::sort(parts.begin(), parts.end()); return OfAtom(Joined("union", parts));
      case Kind::kIntersection: std::sort(parts.begin(), parts.end()); return OfAtom(Joined("intersection", parts));
      case Kind::kDifference: return OfAtom(Joined("difference", parts));
      case Kind::kMatrix: vectors_ = true; return OfAtom(Joined("matrix" + std::to_string(node.payload), parts));
      case Kind::kCases: return OfAtom(Joined("cases", parts));
      case Kind::kRatio: return OfAtom(Joined("ratio", parts));
      case Kind::kCongruence: return OfAtom(Joined("congruence", parts));
      case Kind::kTime: return OfAtom("time(" + std::to_string(node.payload) + "," + std::to_string(node.flag) + ")");
      case Kind::kDate: return OfAtom("date(" + std::to_string(node.payload) + ")");
      default: return OfAtom("?");
    }
  }

  const Ast& ast_;
  Fuel& fuel_;
  NodeId begin_ = 0;
  std::vector<Form> forms_;
  std::vector<std::string> bound_;  // Other names of symbols; empty without bound variables.
  bool infinity_ = false;           // An infinity stood before.
  bool vectors_ = false;            // A matrix or tuple stood before.
};

}  // namespace

Form Canonical(const Ast& ast, NodeId id, Fuel& fuel) { return Canonicalizer(ast, fuel).Run(id); }

}  // namespace cohort::reward::math
