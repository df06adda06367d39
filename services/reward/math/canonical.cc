#include "services/reward/math/canonical.h"

#include <flint/arith.h>
#include <flint/fmpz.h>

#include <algorithm>

#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxTerms = 4096;
constexpr size_t kMaxTextBytes = 64 * 1024;

const char* const kFunctionNames[] = {"sin",   "cos",   "tan",   "cot", "sec",   "csc", "arcsin", "arccos", "arctan", "arccot", "sinh",  "cosh", "tanh", "coth", "arsinh", "arcosh", "artanh",
                                      "ln",    "log10", "log",   "exp", "abs",   "floor", "ceil", "gcd",    "lcm",    "max",    "min",   "Re",   "Im",   "arg",  "sgn",    "det"};
const char* const kRelationNames[] = {"=", "!=", "<", "<=", ">", ">=", "~", "in", "notin", "equiv", "|", "subset", "similar", "perp", "parallel", "->"};

Form OfNumber(Rational value) {
  Form form;
  if (!value.is_zero()) form.terms.push_back({std::move(value), {}});
  return form;
}

Form OfAtom(std::string text) {
  Form form;
  form.terms.push_back({Rational(1), {{std::move(text), Rational(1)}}});
  return form;
}

Form Undefined() {
  Form form = OfAtom("undefined");
  form.undefined = true;
  return form;
}

std::string KeyOf(const Term& term) {
  std::string key;
  for (const auto& [atom, exponent] : term.factors) {
    if (!key.empty()) key += '*';
    key += atom;
    if (!exponent.is_one()) key += "^" + (exponent.is_integer() && exponent.sign() > 0 ? exponent.ToString() : "(" + exponent.ToString() + ")");
  }
  return key;
}

// Sorts the factors, adds exponents of like ones, and turns powers of i into signs.
void MergeFactors(Term& term) {
  std::sort(term.factors.begin(), term.factors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::pair<std::string, Rational>> merged;
  for (auto& factor : term.factors) {
    if (!merged.empty() && merged.back().first == factor.first) {
      merged.back().second = merged.back().second + factor.second;
    } else {
      merged.push_back(std::move(factor));
    }
  }
  std::erase_if(merged, [&term](auto& factor) {
    if (factor.first == "i" && factor.second.FitsInt64()) {
      const int64_t quarter = ((factor.second.ToInt64() % 4) + 4) % 4;
      if (quarter >= 2) term.coefficient = -term.coefficient;
      factor.second = Rational(quarter % 2);
    }
    return factor.second.is_zero();
  });
  term.factors = std::move(merged);
}

void MergeTerms(Form& form) {
  if (form.merged) return;
  form.merged = true;
  std::vector<std::pair<std::string, Term>> keyed;
  for (Term& term : form.terms) keyed.emplace_back(KeyOf(term), std::move(term));
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  form.terms.clear();
  std::string last;
  for (auto& [key, term] : keyed) {
    if (!form.terms.empty() && key == last) {
      form.terms.back().coefficient = form.terms.back().coefficient + term.coefficient;
    } else {
      form.terms.push_back(std::move(term));
      last = key;
    }
  }
  std::erase_if(form.terms, [](const Term& term) { return term.coefficient.is_zero(); });
}

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
      case Kind::kInfinity: return OfAtom("oo");
      case Kind::kText: return OfAtom("'" + ast_.name(id) + "'");
      case Kind::kUnit: return OfAtom("[" + ast_.name(id) + "]");
      case Kind::kNumeral: return OfAtom("base(" + ast_.name(id) + ")");
      case Kind::kNumberSet: return OfAtom("set " + ast_.name(id));
      case Kind::kEmptySet: return OfAtom("{}");
      case Kind::kEllipsis: return OfAtom("...");
      case Kind::kAdd: return Sum(id);
      case Kind::kNegate: return Scaled(std::move(KidForm(id, 0)), Rational(-1));
      case Kind::kMultiply: return Product(KidForm(id, 0), KidForm(id, 1));
      case Kind::kDivide: return Quotient(id);
      case Kind::kPower: return Power(id);
      case Kind::kRoot: return Root(id);
      case Kind::kPercent: return Scaled(std::move(KidForm(id, 0)), Rational(1, 100));
      case Kind::kDegree: {
        Form pi = OfAtom("pi");
        pi.terms[0].coefficient = Rational(1, 180);
        return Product(KidForm(id, 0), pi);
      }
      case Kind::kFunction: return FunctionOf(id);
      case Kind::kFactorial: return Factorial(id);
      case Kind::kDoubleFactorial: return DoubleFactorial(id);
      case Kind::kBinomial: return Binomial(id);
      case Kind::kModulo: return Modulo(id);
      default: return Structure(id);
    }
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
    if (scaled.undefined) return {Rational(1), {{"undefined", Rational(1)}}};
    std::string text = "(" + scaled.Text() + ")";
    fuel_.Spend(static_cast<int64_t>(text.size()) / 4);
    if (text.size() > kMaxTextBytes) fuel_.Spend(kMaxFuel);
    return {lead, {{std::move(text), Rational(1)}}};
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
    const int64_t size = std::abs(exponent) * (term.coefficient.is_one() ? 0 : term.coefficient.bits());
    if (size > kMaxExactBits || !fuel_.Spend(size / 16)) return fuel_.exhausted() ? Undefined() : OfAtom("pow(" + std::string("(") + power.Text() + ")," + std::to_string(exponent) + ")");
    term.coefficient = term.coefficient.Power(exponent);
    for (auto& factor : term.factors) factor.second = factor.second * Rational(exponent);
    MergeFactors(term);
    return power;
  }

  Form Power(NodeId id) {
    const auto base = KidNumber(id, 0), exponent = KidNumber(id, 1);
    if (exponent.has_value() && exponent->is_zero()) return base.has_value() && base->is_zero() ? Undefined() : OfNumber(1);
    if (base.has_value() && base->is_zero() && exponent.has_value()) return exponent->sign() > 0 ? OfNumber(0) : Undefined();
    if (base.has_value() && base->is_one()) return OfNumber(1);
    if (exponent.has_value() && exponent->FitsInt64() && std::abs(exponent->ToInt64()) <= kMaxExactBits) {
      if (ast_.Is(ast_.kid(id, 0), Kind::kInfinity)) return OfAtom("pow(oo," + exponent->ToString() + ")");
      return IntegerPower(KidForm(id, 0), exponent->ToInt64());
    }
    if (base.has_value() && exponent.has_value() && exponent->sign() != 0 && fmpz_fits_si(exponent->denominator())) {
      if (const auto root = PerfectRoot(*base, exponent->denominator()); root.has_value() && fmpz_fits_si(exponent->numerator())) {
        const int64_t times = fmpz_get_si(exponent->numerator());
        if (std::abs(times) <= kMaxExactBits && std::abs(times) * root->bits() <= kMaxExactBits && fuel_.Spend(std::abs(times) * root->bits() / 16)) return OfNumber(root->Power(times));
      }
    }
    if (KidForm(id, 0).Text() == "exp(1)") return OfAtom("exp(" + KidText(id, 1) + ")");
    return OfAtom("pow(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
  }

  // The exact n-th root, real; of negative numbers for odd n.
  std::optional<Rational> PerfectRoot(const Rational& value, const fmpz* index) {
    if (!fmpz_fits_si(index)) return std::nullopt;
    const int64_t n = fmpz_get_si(index);
    if (n < 1 || n > 1024 || (value.sign() < 0 && n % 2 == 0) || !fuel_.Spend(16 + value.bits())) return std::nullopt;
    Rational root;
    const Rational size = value.Abs();
    if (!fmpz_root(fmpq_numref(root.get()), size.numerator(), n) || !fmpz_root(fmpq_denref(root.get()), size.denominator(), n)) return std::nullopt;
    return value.sign() < 0 ? -root : root;
  }

  Form Root(NodeId id) {
    const auto index = KidNumber(id, 1), radicand = KidNumber(id, 0);
    if (!index.has_value()) return OfAtom("root(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
    if (!index->is_integer() || index->sign() <= 0) return Undefined();
    if (radicand.has_value()) {
      if (const auto root = PerfectRoot(*radicand, index->numerator())) return OfNumber(*root);
    }
    return OfAtom("pow(" + KidText(id, 0) + ",1/" + index->ToString() + ")");
  }

  Form FunctionOf(NodeId id) {
    const Function function = ast_.function(id);
    std::vector<Rational> numbers;
    for (size_t i = 0; i < ast_.node(id).kid_count; ++i) {
      if (const auto number = KidNumber(id, i)) numbers.push_back(*number);
    }
    if (numbers.size() == ast_.node(id).kid_count) {
      if (auto value = OfNumbers(function, numbers)) return OfNumber(std::move(*value));
    }
    std::vector<std::string> arguments;
    for (size_t i = 0; i < ast_.node(id).kid_count; ++i) arguments.push_back(KidText(id, i));
    if (function == Function::kGcd || function == Function::kLcm || function == Function::kMax || function == Function::kMin) std::sort(arguments.begin(), arguments.end());
    return OfAtom(Joined(kFunctionNames[static_cast<int>(function)], arguments));
  }

  static std::optional<Rational> OfNumbers(Function function, const std::vector<Rational>& x) {
    switch (function) {
      case Function::kAbs: return x[0].Abs();
      case Function::kFloor: return x[0].Floor();
      case Function::kCeiling: return x[0].Ceiling();
      case Function::kRe: return x[0];
      case Function::kIm: return Rational(0);
      case Function::kSign: return Rational(x[0].sign());
      case Function::kMax: return *std::max_element(x.begin(), x.end(), [](const Rational& a, const Rational& b) { return Compare(a, b) < 0; });
      case Function::kMin: return *std::min_element(x.begin(), x.end(), [](const Rational& a, const Rational& b) { return Compare(a, b) < 0; });
      case Function::kExp: case Function::kSin: case Function::kTan: case Function::kArcSin: case Function::kArcTan: case Function::kSinh: case Function::kTanh:
        if (!x[0].is_zero()) return std::nullopt;
        return Rational(function == Function::kExp ? 1 : 0);
      case Function::kCos: case Function::kCosh: return x[0].is_zero() ? std::optional<Rational>(1) : std::nullopt;
      case Function::kLn: case Function::kLog10: return x[0].is_one() ? std::optional<Rational>(0) : std::nullopt;
      case Function::kGcd: case Function::kLcm: {
        if (!std::all_of(x.begin(), x.end(), [](const Rational& value) { return value.is_integer(); })) return std::nullopt;
        Rational result = x[0].Abs();
        for (const Rational& value : x) {
          fmpz* out = fmpq_numref(result.get());
          function == Function::kGcd ? fmpz_gcd(out, out, value.numerator()) : fmpz_lcm(out, out, value.numerator());
          if (result.bits() > kMaxExactBits) return std::nullopt;
        }
        return result;
      }
      default: return std::nullopt;
    }
  }

  Form Factorial(NodeId id) {
    const auto n = KidNumber(id, 0);
    if (!n.has_value() || !n->FitsInt64()) return OfAtom("factorial(" + KidText(id, 0) + ")");
    if (n->sign() < 0) return Undefined();
    if (n->ToInt64() > kMaxFactorial || !fuel_.Spend(n->ToInt64() * 2)) return OfAtom("factorial(" + n->ToString() + ")");
    Rational value;
    fmpz_fac_ui(fmpq_numref(value.get()), static_cast<ulong>(n->ToInt64()));
    return OfNumber(std::move(value));
  }

  Form DoubleFactorial(NodeId id) {
    const auto n = KidNumber(id, 0);
    if (!n.has_value() || !n->FitsInt64() || n->ToInt64() > kMaxFactorial) return OfAtom("factorial2(" + KidText(id, 0) + ")");
    if (n->sign() < 0) return Undefined();
    Rational value(1);
    for (int64_t k = n->ToInt64(); k > 1; k -= 2) {
      if (!fuel_.Spend(1 + value.bits() / 64)) return Undefined();
      fmpz_mul_si(fmpq_numref(value.get()), fmpq_numref(value.get()), k);
    }
    return OfNumber(std::move(value));
  }

  Form Binomial(NodeId id) {
    const auto n = KidNumber(id, 0), k = KidNumber(id, 1);
    const bool small = n.has_value() && k.has_value() && n->FitsInt64() && k->FitsInt64() && n->sign() >= 0 && k->sign() >= 0 && n->ToInt64() <= kMaxExactBits;
    const int64_t chosen = small ? std::min(k->ToInt64(), n->ToInt64() - k->ToInt64()) : 0;
    if (!small || chosen > kMaxFactorial || !fuel_.Spend(4 + std::max<int64_t>(0, chosen) * 8)) return OfAtom("binom(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
    if (k->ToInt64() > n->ToInt64()) return OfNumber(0);
    Rational value;
    fmpz_bin_uiui(fmpq_numref(value.get()), static_cast<ulong>(n->ToInt64()), static_cast<ulong>(chosen));
    return OfNumber(std::move(value));
  }

  Form Modulo(NodeId id) {
    const auto a = KidNumber(id, 0), m = KidNumber(id, 1);
    if (m.has_value() && m->is_zero()) return Undefined();
    if (!a.has_value() || !m.has_value()) return OfAtom("mod(" + KidText(id, 0) + "," + KidText(id, 1) + ")");
    if (!SpendOn(*a, *m)) return Undefined();
    return OfNumber(*a - *m * (*a / *m).Floor());
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
      case Kind::kTuple: return OfAtom(Joined(std::string("tuple") + ast_.brackets(id).open + ast_.brackets(id).close, parts));
      case Kind::kSetBuilder: return OfAtom(Joined("those", parts));
      case Kind::kUnion: std::sort(parts.begin(), parts.end()); return OfAtom(Joined("union", parts));
      case Kind::kIntersection: std::sort(parts.begin(), parts.end()); return OfAtom(Joined("intersection", parts));
      case Kind::kDifference: return OfAtom(Joined("difference", parts));
      case Kind::kMatrix: return OfAtom(Joined("matrix" + std::to_string(node.payload), parts));
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
};

}  // namespace

std::optional<Rational> Form::constant() const {
  if (undefined) return std::nullopt;
  if (terms.empty()) return Rational(0);
  if (terms.size() != 1 || !terms[0].factors.empty()) return std::nullopt;
  return terms[0].coefficient;
}

std::string Form::Text() const {
  if (undefined) return "undefined";
  if (terms.empty()) return "0";
  std::string text;
  for (const Term& term : terms) {
    if (!text.empty()) text += " + ";
    const std::string key = KeyOf(term);
    if (key.empty()) {
      text += term.coefficient.ToString();
    } else if (term.coefficient.is_one()) {
      text += key;
    } else {
      text += term.coefficient.ToString() + "*" + key;
    }
  }
  return text;
}

Form Canonical(const Ast& ast, NodeId id, Fuel& fuel) { return Canonicalizer(ast, fuel).Run(id); }

}  // namespace cohort::reward::math
