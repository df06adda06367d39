#include "services/reward/math/form.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

namespace cohort::reward::math {
namespace {

constexpr int64_t kMaxRootBits = 4096;       // Of a whole power that is taken out of a root.
constexpr size_t kMaxDifferenceTerms = 12;   // Of forms that are subtracted to see whether they differ by a constant.

void AppendFactors(const Term& term, std::string& out) {
  bool first = true;
  for (const auto& [atom, exponent] : term.factors) {
    if (!first) out += '*';
    first = false;
    out += atom;
    if (exponent.is_one()) continue;
    const bool plain = exponent.is_integer() && exponent.sign() > 0;
    out += plain ? "^" : "^(";
    out += exponent.ToString();
    if (!plain) out += ')';
  }
}

std::string FactorsOf(const Term& term) {
  std::string text;
  AppendFactors(term, text);
  return text;
}

bool IsNumeral(const std::string& atom) { return atom[0] >= '0' && atom[0] <= '9'; }

// i^k as a sign and i or nothing.
void TakePowerOfI(Factor& factor, Rational& coefficient) {
  if (!factor.exponent.FitsInt64()) return;
  const int64_t quarter = ((factor.exponent.ToInt64() % 4) + 4) % 4;
  if (quarter >= 2) coefficient = -coefficient;
  factor.exponent = Rational(quarter % 2);
}

// 2^(3/2) as 2·2^(1/2). What would be very large stays.
void TakeWholePower(Factor& factor, Rational& coefficient) {
  const Rational whole = factor.exponent.Floor();
  if (whole.is_zero() || !whole.FitsInt64() || std::abs(whole.ToInt64()) > kMaxRootBits) return;
  int64_t base = 0;
  std::from_chars(factor.atom.data(), factor.atom.data() + factor.atom.size(), base);
  const Rational number(base);
  if (std::abs(whole.ToInt64()) * number.bits() > kMaxRootBits) return;
  coefficient = coefficient * number.Power(whole.ToInt64());
  factor.exponent = factor.exponent - whole;
}

bool IsNonZeroConstant(const Factor& factor) {
  return IsNumeral(factor.atom) || factor.atom == "pi" || factor.atom == "exp(1)" || factor.atom == "i";
}

// Whether the value may be infinite or open.
bool IsVague(const Form& form) {
  for (const Term& term : form.terms) {
    for (const Factor& factor : term.factors) {
      if (factor.atom.find("oo") != std::string::npos || factor.atom.find("...") != std::string::npos) return true;
    }
  }
  return false;
}

}  // namespace

Form OfNumber(Rational value) {
  Form form;
  if (!value.is_zero()) form.terms.emplace_back().coefficient = std::move(value);
  return form;
}

Form OfAtom(std::string text) {
  Form form;
  Term& term = form.terms.emplace_back();
  term.coefficient = Rational(1);
  term.factors.push_back({std::move(text), Rational(1)});
  return form;
}

Form Undefined() {
  Form form = OfAtom("undefined");
  form.undefined = true;
  return form;
}

void MergeFactors(Term& term) {
  auto& factors = term.factors;
  std::sort(factors.begin(), factors.end(), [](const Factor& a, const Factor& b) { return a.atom < b.atom; });
  size_t kept = 0;
  for (size_t i = 0; i < factors.size();) {
    Factor merged = std::move(factors[i++]);
    while (i < factors.size() && factors[i].atom == merged.atom) merged.exponent = merged.exponent + factors[i++].exponent;
    if (merged.atom == "i") TakePowerOfI(merged, term.coefficient);
    if (IsNumeral(merged.atom)) TakeWholePower(merged, term.coefficient);
    if (!merged.exponent.is_zero()) factors[kept++] = std::move(merged);
  }
  factors.erase(factors.begin() + static_cast<ptrdiff_t>(kept), factors.end());
}

void MergeTerms(Form& form) {
  if (form.merged) return;
  form.merged = true;
  absl::InlinedVector<std::pair<std::string, size_t>, 6> order;
  for (size_t i = 0; i < form.terms.size(); ++i) order.emplace_back(FactorsOf(form.terms[i]), i);
  std::sort(order.begin(), order.end());
  absl::InlinedVector<Term, 1> merged;
  merged.reserve(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    Term& term = form.terms[order[i].second];
    if (i > 0 && order[i].first == order[i - 1].first) {
      merged.back().coefficient = merged.back().coefficient + term.coefficient;
    } else {
      merged.push_back(std::move(term));
    }
  }
  merged.erase(std::remove_if(merged.begin(), merged.end(), [](const Term& term) { return term.coefficient.is_zero(); }), merged.end());
  form.terms = std::move(merged);
}

bool DifferByConstant(const Form& a, const Form& b) {
  if (a.terms.size() > kMaxDifferenceTerms || b.terms.size() > kMaxDifferenceTerms || IsVague(a) || IsVague(b)) return false;
  const Term* only = nullptr;  // The one term that the other side lacks, or has another number of.
  std::vector<bool> seen(b.terms.size(), false);
  for (const Term& term : a.terms) {
    const auto same = std::find_if(b.terms.begin(), b.terms.end(), [&term](const Term& other) { return other.factors == term.factors; });
    if (same != b.terms.end()) seen[static_cast<size_t>(same - b.terms.begin())] = true;
    if (same != b.terms.end() && same->coefficient == term.coefficient) continue;
    if (only != nullptr) return false;
    only = &term;
  }
  for (size_t i = 0; i < b.terms.size(); ++i) {
    if (seen[i]) continue;
    if (only != nullptr) return false;
    only = &b.terms[i];
  }
  return only != nullptr && std::all_of(only->factors.begin(), only->factors.end(), IsNonZeroConstant);
}

std::optional<Rational> Form::constant() const {
  if (undefined) return std::nullopt;
  if (terms.empty()) return Rational(0);
  if (terms.size() != 1 || !terms[0].factors.empty()) return std::nullopt;
  return terms[0].coefficient;
}

bool Form::Is(const char* atom) const {
  if (terms.size() != 1 || terms[0].factors.size() != 1 || !terms[0].coefficient.is_one()) return false;
  return terms[0].factors[0].exponent.is_one() && terms[0].factors[0].atom == atom;
}

bool operator==(const Form& a, const Form& b) {
  return a.undefined == b.undefined && std::equal(a.terms.begin(), a.terms.end(), b.terms.begin(), b.terms.end(), [](const Term& x, const Term& y) {
           return x.coefficient == y.coefficient && x.factors == y.factors;
         });
}

std::string Form::Text() const {
  if (undefined) return "undefined";
  if (terms.empty()) return "0";
  std::string text;
  for (const Term& term : terms) {
    if (!text.empty()) text += " + ";
    const bool number = term.factors.empty();
    if (number || !term.coefficient.is_one()) text += term.coefficient.ToString();
    if (number) continue;
    if (!term.coefficient.is_one()) text += '*';
    AppendFactors(term, text);
  }
  return text;
}

}  // namespace cohort::reward::math
