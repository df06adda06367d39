#pragma once

#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// A factor of a term: what it is, in canonical text, and its exponent. A whole number as a text ("2") is the base of a root: 2^(1/2).
struct Factor {
  std::string atom;
  Rational exponent;

  friend bool operator==(const Factor& a, const Factor& b) { return a.exponent == b.exponent && a.atom == b.atom; }
};

// coefficient · Π factors, sorted by their texts, none twice.
struct Term {
  Rational coefficient;
  absl::InlinedVector<Factor, 1> factors;
};

// A sum of terms without like terms, sorted by their factors; empty for zero. What is no sum of products (a list, a relation) is a single term with itself as its
// atom.
struct Form {
  absl::InlinedVector<Term, 1> terms;
  bool undefined = false;  // A division by zero stands in it.
  bool merged = true;      // Like terms have been collected and sorted.

  // The number it is, when it is one.
  std::optional<Rational> constant() const;
  // Whether it is this one atom and nothing else.
  bool Is(const char* atom) const;
  std::string Text() const;

  // For merged forms: equal values for certain when true; nothing when false.
  friend bool operator==(const Form& a, const Form& b);
};

Form OfNumber(Rational value);
Form OfAtom(std::string text);
Form Undefined();

// Sorts the factors, adds exponents of like ones, turns powers of i into signs, and takes whole powers out of roots of numbers: 2^(3/2) is 2·2^(1/2).
void MergeFactors(Term& term);
// Sorts the terms and adds like ones.
void MergeTerms(Form& form);

// Whether the values of two merged forms certainly differ because their difference is a single term that cannot be zero: a number, or one times powers of π, e, i
// and roots of numbers.
bool DifferByConstant(const Form& a, const Form& b);

}  // namespace cohort::reward::math
