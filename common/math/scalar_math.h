#pragma once

namespace cohort::math {

// Elementary functions in double precision, within a few ulp, built from exactly rounded operations only: unlike those of the C library they give the same
// bits on every machine, which picks its own variant of those at load time.

// Natural logarithm of a positive, finite, normal number.
double Log(double x);

// For |x| <= 700.
double Exp(double x);

struct SineAndCosine {
  double sine;
  double cosine;
};
// For |x| <= 2^26.
SineAndCosine SinCos(double x);

}  // namespace cohort::math
