// Equations, inequalities, intervals and congruences.
#include <algorithm>
#include <array>

#include "tests/golden/reward/metamorphic/cases.h"
#include "tests/golden/reward/metamorphic/grow.h"
#include "tests/golden/reward/metamorphic/mutate.h"
#include "tests/golden/reward/metamorphic/rational.h"
#include "tests/golden/reward/metamorphic/rewrite.h"
#include "tests/golden/reward/metamorphic/write.h"

namespace cohort::reward::metamorphic {
namespace {

// z = right side, in one of the forms of a curve or surface.
std::string WriteCurve(TreePtr right, Choices& choices) {
  right = Rewrite(right, static_cast<int>(choices.Below(3)), choices);
  TreePtr left = Variable('z');
  switch (choices.Below(5)) {
    case 1: std::swap(left, right); break;
    case 2: left = Subtract(left, right), right = Number(0); break;
    case 3: {
      const TreePtr k = Number(choices.Between(2, 7));
      left = Multiply(k, left), right = Multiply(k, right);
      break;
    }
    case 4: left = Negate(left), right = Negate(right); break;
    default: break;
  }
  const Script script = PickScript(choices);
  const std::string a = Write(left, script, choices), b = Write(right, script, choices);
  return Surround(a + (choices.Coin() ? " = " : "=") + b, choices);
}

// An equation whose only root is `root`: 3x - 2 = 0 and the like.
std::string WriteRoots(const std::vector<int64_t>& roots, Choices& choices) {
  const auto value = [&](size_t i) { return WriteFraction({roots[i], 1}, choices); };
  if (roots.size() == 1) {
    const int64_t k = choices.Between(1, 5), shift = choices.Between(-9, 9);
    const TreePtr left = Add(Multiply(Number(k), Variable('x')), Number(shift));
    return choices.Coin() ? "x=" + value(0) : Write(left, Script::kLatex, choices) + "=" + std::to_string(k * roots[0] + shift);
  }
  const int64_t a = roots[0], b = roots[1];
  const TreePtr x = Variable('x'), zero = Number(0);
  switch (choices.Below(4)) {
    case 0: return "x=" + value(0) + "\\text{ or }x=" + value(1);
    case 1: return "x=" + value(1) + ", x=" + value(0);
    case 2: {
      const TreePtr product = Multiply(Subtract(x, Number(a)), Subtract(x, Number(b)));
      return Write(product, Script::kLatex, choices) + "=0";
    }
    default: {
      const TreePtr expanded = Add(Subtract(Power(x, Number(2)), Multiply(Number(a + b), x)), Number(a * b));
      return Write(expanded, Script::kLatex, choices) + "=0";
    }
  }
}

constexpr const char* kGreater[] = {">", "\\gt "};
constexpr const char* kLess[] = {"<", "\\lt "};
constexpr const char* kGreaterEqual[] = {"\\ge ", "\\geq ", "≥", "\\geqslant "};
constexpr const char* kLessEqual[] = {"\\le ", "\\leq ", "≤", "\\leqslant "};

std::string Sign(bool greater, bool strict, Choices& choices) {
  if (strict) return greater ? choices.Pick(kGreater) : choices.Pick(kLess);
  return greater ? choices.Pick(kGreaterEqual) : choices.Pick(kLessEqual);
}

// x > bound and its like.
struct Ray {
  Fraction bound;
  bool greater = true;
  bool strict = true;
};

std::string WriteRay(const Ray& ray, Choices& choices) {
  const auto bound = [&](Fraction value) { return WriteFraction(value, choices); };
  switch (choices.Below(6)) {
    case 1: {
      const std::string left = bound(ray.bound);
      return left + Sign(!ray.greater, ray.strict, choices) + "x";
    }
    case 2: {
      const int64_t k = choices.Between(2, 6);
      const std::string sign = Sign(ray.greater, ray.strict, choices);
      return std::to_string(k) + "x" + sign + bound(ray.bound * Fraction{k, 1});
    }
    case 3: {
      const std::string sign = Sign(!ray.greater, ray.strict, choices);
      return "-x" + sign + bound({-ray.bound.n, ray.bound.d});
    }
    case 4: {
      const std::string end = bound(ray.bound);
      const char open = ray.strict ? '(' : '[', close = ray.strict ? ')' : ']';
      return ray.greater ? open + end + ",\\infty)" : "(-\\infty," + end + close;
    }
    case 5: {
      const int64_t shift = choices.Between(1, 9);
      const std::string sign = Sign(ray.greater, ray.strict, choices);
      return "x+" + std::to_string(shift) + sign + bound(ray.bound + Fraction{shift, 1});
    }
    default: {
      const std::string sign = Sign(ray.greater, ray.strict, choices);
      return "x" + sign + bound(ray.bound);
    }
  }
}

// A bounded interval.
struct Interval {
  Fraction low, high;
  bool low_open = true, high_open = true;

  bool operator==(const Interval&) const = default;
};

std::string Brackets(const Interval& interval, Choices& choices) {
  const std::string low = WriteFraction(interval.low, choices), high = WriteFraction(interval.high, choices);
  const std::string open = interval.low_open ? "(" : "[", close = interval.high_open ? ")" : "]";
  const std::string comma = choices.Coin() ? ", " : ",";
  return choices.OneIn(3) ? "\\left" + open + low + comma + high + "\\right" + close : open + low + comma + high + close;
}

std::string WriteInterval(const Interval& interval, Choices& choices) {
  const auto low = [&] { return WriteFraction(interval.low, choices); };
  const auto high = [&] { return WriteFraction(interval.high, choices); };
  switch (choices.Below(4)) {
    case 1: {
      const std::string first = low() + Sign(false, interval.low_open, choices);
      return first + "x" + Sign(false, interval.high_open, choices) + high();
    }
    case 2: {
      const std::string first = high() + Sign(true, interval.high_open, choices);
      return first + "x" + Sign(true, interval.low_open, choices) + low();
    }
    case 3: {
      const std::string first = "x" + Sign(true, interval.low_open, choices) + low();
      return first + "\\text{ and }x" + Sign(false, interval.high_open, choices) + high();
    }
    default: return Brackets(interval, choices);
  }
}

Interval DrawInterval(Fraction after, Choices& choices) {
  Interval interval;
  interval.low = after + Reduced(choices.Between(1, 9), choices.Between(1, 3));
  interval.high = interval.low + Reduced(choices.Between(1, 9), choices.Between(1, 4));
  interval.low_open = choices.Coin();
  interval.high_open = choices.Coin();
  return interval;
}

// Stays not empty and does not reach its neighbours of a union.
Interval ChangedInterval(Interval interval, Choices& choices) {
  switch (choices.Below(4)) {
    case 0: interval.low_open = !interval.low_open; break;
    case 1: interval.high_open = !interval.high_open; break;
    case 2: interval.high = (interval.low + interval.high) * Fraction{1, 2}; break;
    default: interval.low = (interval.low + interval.high) * Fraction{1, 2};
  }
  return interval;
}

std::string WriteUnion(std::vector<Interval> parts, Choices& choices) {
  if (choices.OneIn(3)) {  // A part may be cut in two that touch.
    Interval &part = parts[choices.Below(static_cast<uint32_t>(parts.size()))], rest = part;
    part.high = rest.low = (part.low + part.high) * Fraction{1, 2};
    part.high_open = choices.Coin();
    rest.low_open = !part.high_open;
    parts.push_back(rest);
  }
  if (choices.Coin()) std::reverse(parts.begin(), parts.end());
  std::string text;
  for (const Interval& part : parts) text += (text.empty() ? "" : choices.Coin() ? "\\cup " : "∪") + Brackets(part, choices);
  return text;
}

std::string WriteCongruence(int64_t residue, int64_t modulus, Choices& choices) {
  const std::string left = "x\\equiv " + std::to_string(residue + modulus * choices.Between(-2, 2)), m = std::to_string(modulus);
  switch (choices.Below(4)) {
    case 1: return left + (modulus < 10 ? " \\pmod " + m : " \\pmod {" + m + "}");
    case 2: return left + " \\ (\\text{mod } " + m + ")";
    case 3: return left + "\\mod{" + m + "}";
    default: return left + "\\pmod{" + m + "}";
  }
}

}  // namespace

Case CurveCase(Choices& choices) {
  const TreePtr right = Add(Multiply(Number(choices.Between(1, 5)), Variable('x')), Grow(choices.OneIn(4) ? Flavour::kRational : Flavour::kPolynomial, choices));
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteCurve(right, choices));
  if (const TreePtr changed = Mutate(right, choices)) made.different.push_back(WriteCurve(changed, choices));
  return made;
}

Case RootsCase(Choices& choices) {
  std::vector<int64_t> roots = {choices.Between(-9, 9)};
  if (choices.Coin()) roots.push_back(roots[0] + choices.Between(1, 9));
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteRoots(roots, choices));
  if (roots.size() == 2 && choices.Coin()) roots.pop_back();
  else roots.back() += choices.Between(1, 5);
  made.different.push_back(WriteRoots(roots, choices));
  return made;
}

Case RayCase(Choices& choices) {
  Ray ray{DrawFraction(choices), choices.Coin(), choices.Coin()};
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteRay(ray, choices));
  switch (choices.Below(3)) {
    case 0: ray.strict = !ray.strict; break;
    case 1: ray.greater = !ray.greater; break;
    default: ray.bound = ChangedFraction(ray.bound, choices);
  }
  made.different.push_back(WriteRay(ray, choices));
  return made;
}

Case IntervalCase(Choices& choices) {
  const Interval interval = DrawInterval({choices.Between(-20, 9), 1}, choices);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteInterval(interval, choices));
  made.different.push_back(WriteInterval(ChangedInterval(interval, choices), choices));
  return made;
}

Case UnionCase(Choices& choices) {
  std::vector<Interval> parts = {DrawInterval({choices.Between(-20, 9), 1}, choices)};
  for (int more = static_cast<int>(choices.Below(2)); more >= 0; --more) parts.push_back(DrawInterval(parts.back().high, choices));
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteUnion(parts, choices));
  Interval& part = parts[choices.Below(static_cast<uint32_t>(parts.size()))];
  part = ChangedInterval(part, choices);
  made.different.push_back(WriteUnion(parts, choices));
  return made;
}

Case CongruenceCase(Choices& choices) {
  const int64_t modulus = choices.Between(2, 30), residue = choices.Between(0, modulus - 1);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteCongruence(residue, modulus, choices));
  made.different.push_back(choices.Coin() ? WriteCongruence(residue, modulus + choices.Between(1, 9), choices)
                                          : WriteCongruence(residue + choices.Between(1, modulus - 1), modulus, choices));
  return made;
}

}  // namespace cohort::reward::metamorphic
