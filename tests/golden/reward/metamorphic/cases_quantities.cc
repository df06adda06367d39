// Quantities with units, angles, money, ratios and numerals of other bases.
#include <numeric>

#include "tests/golden/reward/metamorphic/cases.h"
#include "tests/golden/reward/metamorphic/rational.h"
#include "tests/golden/reward/metamorphic/write.h"

namespace cohort::reward::metamorphic {
namespace {

struct Unit {
  int dimension;
  Fraction factor;  // In terms of the first unit of its dimension.
  const char* spellings[3];
};

constexpr Unit kUnits[] = {
    {0, {1, 1}, {"m", "meters", "metres"}},
    {0, {1, 100}, {"cm", "centimeters", "centimetres"}},
    {0, {1, 1000}, {"mm", "millimeters", "mm"}},
    {0, {1000, 1}, {"km", "kilometers", "kilometres"}},
    {1, {1, 1}, {"ft", "feet", "foot"}},
    {1, {1, 12}, {"in", "inches", "inch"}},
    {1, {3, 1}, {"yd", "yards", "yard"}},
    {2, {1, 1}, {"g", "grams", "gram"}},
    {2, {1000, 1}, {"kg", "kilograms", "kilogram"}},
    {3, {1, 1}, {"s", "seconds", "sec"}},
    {3, {60, 1}, {"min", "minutes", "minute"}},
    {3, {3600, 1}, {"h", "hours", "hour"}},
    {4, {1, 1}, {"m/s", "meters per second", "m/s"}},
    {4, {5, 18}, {"km/h", "kilometers per hour", "km/h"}},
    {5, {1, 1}, {"m^2", "square meters", "m^2"}},
    {5, {1, 10000}, {"cm^2", "square centimeters", "cm^2"}},
    {6, {1, 1}, {"L", "liters", "litres"}},
    {6, {1, 1000}, {"mL", "milliliters", "mL"}},
};
constexpr uint32_t kUnitCount = std::size(kUnits);

// `value` of `unit`, perhaps in another unit of the same dimension.
std::string WriteQuantity(Fraction value, const Unit& unit, Choices& choices) {
  const Unit* shown = &unit;
  if (choices.OneIn(3)) {
    const Unit& other = kUnits[choices.Below(kUnitCount)];
    if (other.dimension == unit.dimension) shown = &other;
  }
  const std::string number = WriteFraction(value * unit.factor * Reduced(shown->factor.d, shown->factor.n), choices);
  const std::string name = choices.Pick(shown->spellings);
  const size_t power = name.find('^');
  if (power != std::string::npos) return number + "\\text{ " + name.substr(0, power) + "}" + name.substr(power);
  switch (choices.Below(3)) {
    case 1: return number + "\\,\\text{" + name + "}";
    case 2: return number + (name.size() <= 2 ? "\\ \\mathrm{" : "\\text{ ") + name + "}";
    default: return number + "\\text{ " + name + "}";
  }
}

std::string WriteAngle(Fraction degrees, Choices& choices) {
  if (choices.OneIn(3)) {
    const Fraction halfturns = degrees * Fraction{1, 180};
    const std::string factor = halfturns.n == 1 ? "" : std::to_string(halfturns.n);
    return halfturns.d == 1 ? factor + "\\pi" : "\\frac{" + factor + "\\pi}{" + std::to_string(halfturns.d) + "}";
  }
  const char* const signs[] = {"^\\circ", "^{\\circ}", "°", "\\text{ degrees}"};
  return std::to_string(degrees.n) + choices.Pick(signs);
}

std::string WriteMoney(int64_t cents, Choices& choices) {
  const std::string dollars = std::to_string(cents / 100);
  const std::string rest = std::to_string(100 + cents % 100).substr(1);
  switch (choices.Below(4)) {
    case 1: return dollars + "." + rest + "\\text{ dollars}";
    case 2: return cents % 100 == 0 ? "\\$" + dollars : "\\$" + dollars + "." + rest;
    case 3: return cents < 1000 ? std::to_string(cents) + "\\text{ cents}" : "\\$ " + dollars + "." + rest;
    default: return "\\$" + dollars + "." + rest;
  }
}

std::string WriteRatio(int64_t a, int64_t b, Choices& choices) {
  const int64_t factor = choices.Coin() ? choices.Between(2, 6) : 1;
  const int64_t k = b * factor < 10 ? factor : 1;  // 6:12 would be a time of day.
  const char* const colons[] = {":", "：", " : ", "\\colon "};
  return std::to_string(a * k) + choices.Pick(colons) + std::to_string(b * k);
}

std::string WriteNumeral(const std::string& digits, int64_t base, Choices& choices) {
  const std::string b = std::to_string(base);
  switch (choices.Below(3)) {
    case 1: return "(" + digits + ")_{" + b + "}";
    case 2: return digits + "_" + b;
    default: return digits + "_{" + b + "}";
  }
}

}  // namespace

Case QuantityCase(Choices& choices) {
  const Unit& unit = kUnits[choices.Below(kUnitCount)];
  const Fraction value{choices.Between(1, 200), 1};
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteQuantity(value, unit, choices));
  const Unit& other = kUnits[choices.Below(kUnitCount)];
  const bool other_unit = &other != &unit && choices.Coin();
  made.different.push_back(other_unit ? WriteQuantity(value, other, choices) : WriteQuantity(ChangedFraction(value, choices), unit, choices));
  return made;
}

Case AngleCase(Choices& choices) {
  const Fraction degrees{choices.Between(1, 72) * 5, 1};
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteAngle(degrees, choices));
  made.different.push_back(WriteAngle({degrees.n + 5 * choices.Between(1, 36), 1}, choices));
  return made;
}

Case MoneyCase(Choices& choices) {
  const int64_t cents = choices.Coin() ? choices.Between(1, 99) * 100 : choices.Between(1, 99'999);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteMoney(cents, choices));
  made.different.push_back(WriteMoney(choices.Coin() ? cents * 10 : cents + choices.Between(1, 50), choices));
  return made;
}

Case RatioCase(Choices& choices) {
  const int64_t a = choices.Between(1, 9), b = choices.Between(1, 9);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteRatio(a, b, choices));
  made.different.push_back(a != b && choices.Coin() ? WriteRatio(b, a, choices) : WriteRatio(a, b + choices.Between(1, 5), choices));
  return made;
}

Case NumeralCase(Choices& choices) {
  const int64_t base = choices.Between(2, 9);
  std::string digits = std::to_string(choices.Between(1, base - 1));
  for (int more = static_cast<int>(choices.Below(5)); more >= 0; --more) digits += static_cast<char>('0' + choices.Between(0, base - 1));
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteNumeral(digits, base, choices));
  std::string other = digits;
  char& digit = other[choices.Below(static_cast<uint32_t>(other.size()))];
  digit = static_cast<char>('0' + (digit - '0' + choices.Between(1, base - 1)) % base);
  made.different.push_back(choices.Coin() ? WriteNumeral(digits, base + 1, choices) : WriteNumeral(other, base, choices));
  return made;
}

}  // namespace cohort::reward::metamorphic
