// Makes numbers, writes each in several ways, and changes some: the right verdict is known by construction.
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr uint64_t kSeed = 20'250'607;
constexpr int kNumbers = 20'000;

// digits · 10^-decimals over `denominator`, with a sign.
struct Value {
  bool negative = false;
  std::string digits;  // Without leading zeros.
  int decimals = 0;
  int64_t denominator = 1;
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : engine_(seed) {}

  int64_t Below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine_); }
  bool Coin() { return Below(2) == 0; }

  Value Draw() {
    Value value;
    value.negative = Coin();
    value.digits = std::to_string(1 + Below(9));
    for (int64_t more = Below(14); more > 0; --more) value.digits += static_cast<char>('0' + Below(10));
    const int64_t kind = Below(3);
    if (kind == 1) value.decimals = static_cast<int>(1 + Below(6));
    if (kind == 2) value.denominator = 2 + Below(998);
    return value;
  }

  // Ways of writing the same value.
  std::string Write(const Value& value) {
    std::string text = value.denominator > 1 ? WriteFraction(value) : WriteDecimal(value);
    if (value.negative) {
      const char* const signs[] = {"-", "\u2212", "- ", "－"};
      text = signs[Below(4)] + text;
    } else if (Below(4) == 0) {
      text = "+" + text;
    }
    return Surround(text);
  }

  // Another value, near the first one.
  Value Mutate(Value value) {
    switch (Below(4)) {
      case 0:
        value.negative = !value.negative;
        break;
      case 1: {
        char& digit = value.digits[static_cast<size_t>(Below(static_cast<int64_t>(value.digits.size())))];
        digit = digit == '9' ? '8' : static_cast<char>(digit + 1);
        break;
      }
      case 2:
        value.digits += "0";  // Ten times as much.
        break;
      default:
        value.digits.insert(value.digits.begin(), '1');
    }
    return value;
  }

 private:
  // digits with the point moved `decimals` to the left, perhaps with further zeros.
  static std::string Point(std::string digits, int decimals) {
    while (static_cast<int>(digits.size()) <= decimals) digits.insert(digits.begin(), '0');
    if (decimals == 0) return digits;
    return digits.substr(0, digits.size() - decimals) + "." + digits.substr(digits.size() - decimals);
  }

  std::string WriteDecimal(const Value& value) {
    const int64_t way = Below(5);
    if (way == 0) return Point(value.digits + "00", value.decimals) + (Coin() ? "%" : "\\%");  // A hundred times as much, in percent.
    if (way == 1) return Point(value.digits + "0", value.decimals + 1);
    if (way == 2 && value.decimals == 0) return Grouped(value.digits);
    if (way == 3) return Fraction(value.digits, "1" + std::string(value.decimals, '0'));
    const std::string text = Point(value.digits, value.decimals);
    return way == 4 && text.substr(0, 2) == "0." ? text.substr(1) : text;
  }

  std::string WriteFraction(const Value& value) {
    const int64_t factor = 1 + Below(3);
    // digits is short enough for 64 bits.
    const int64_t numerator = std::stoll(value.digits);
    if (numerator > value.denominator && numerator % value.denominator != 0 && Below(4) == 0) {
      const std::string whole = std::to_string(numerator / value.denominator);
      return whole + (Coin() ? " " : "") + "\\frac{" + std::to_string(numerator % value.denominator) + "}{" + std::to_string(value.denominator) + "}";
    }
    return Fraction(std::to_string(numerator * factor), std::to_string(value.denominator * factor));
  }

  std::string Fraction(const std::string& a, const std::string& b) {
    const char* const commands[] = {"\\frac", "\\dfrac", "\\tfrac"};
    if (Coin()) return a + (Coin() ? "/" : " / ") + b;
    if (a.size() == 1 && b.size() == 1 && Coin()) return "\\frac" + a + b;
    return commands[Below(3)] + ("{" + a + "}{") + b + "}";
  }

  std::string Grouped(std::string digits) {
    const char* const separators[] = {",", "{,}", "\\,", ",\\!"};
    const std::string separator = separators[Below(4)];
    for (int place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) digits.insert(place, separator);
    return digits;
  }

  std::string Surround(const std::string& text) {
    switch (Below(8)) {
      case 0: return "$" + text + "$";
      case 1: return "\\(" + text + "\\)";
      case 2: return "\\[ " + text + " \\]";
      case 3: return "$" + text + "$.";
      case 4: return " " + text + ".\n";
      default: return text;
    }
  }

  std::mt19937_64 engine_;
};

v1::Verdict Verdict(const std::string& gold, const std::string& answer) {
  Fuel fuel(kMaxFuel);
  return Compare(gold, answer, fuel).verdict;
}

TEST(MetamorphicTest, AValueWrittenInTwoWaysIsCorrectBothWaysRound) {
  Generator generator(kSeed);
  for (int i = 0; i < kNumbers; ++i) {
    const Value value = generator.Draw();
    const std::string a = generator.Write(value), b = generator.Write(value);
    ASSERT_EQ(Verdict(a, b), v1::VERDICT_CORRECT) << "seed " << kSeed << " number " << i << ": " << a << " | " << b;
    ASSERT_EQ(Verdict(b, a), v1::VERDICT_CORRECT) << "seed " << kSeed << " number " << i << ": " << b << " | " << a;
  }
}

TEST(MetamorphicTest, AChangedValueIsIncorrectBothWaysRound) {
  Generator generator(kSeed + 1);
  for (int i = 0; i < kNumbers; ++i) {
    const Value value = generator.Draw();
    const std::string a = generator.Write(value), b = generator.Write(generator.Mutate(value));
    ASSERT_EQ(Verdict(a, b), v1::VERDICT_INCORRECT) << "seed " << kSeed + 1 << " number " << i << ": " << a << " | " << b;
    ASSERT_EQ(Verdict(b, a), v1::VERDICT_INCORRECT) << "seed " << kSeed + 1 << " number " << i << ": " << b << " | " << a;
  }
}

TEST(MetamorphicTest, AValueWithAnythingBehindItIsNotSalvaged) {
  Generator generator(kSeed + 2);
  const char* const tails[] = {" x", "a", " or 3.25", ", 3.25", " + 7", " \\text{cm}", ")", "}", "\\cdot 13", "^", "\\frac", "= 0.123"};
  for (int i = 0; i < kNumbers; ++i) {
    const Value value = generator.Draw();
    const std::string text = generator.Write(value);
    if (text.back() == '\n' || text.back() == '.' || text.back() == '$' || text.back() == ')' || text.back() == ']') continue;
    const std::string longer = text + tails[generator.Below(std::size(tails))];
    ASSERT_NE(Verdict(text, longer), v1::VERDICT_CORRECT) << longer;
  }
}

}  // namespace
}  // namespace cohort::reward::math
