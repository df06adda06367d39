#include "services/coderunner/judge/compare.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/reward/format/utf8.h"

namespace cohort::coderunner {
namespace {

using Kind = JsonValue::Kind;

constexpr size_t kShownBytes = 80;
constexpr std::string_view kBlank = " \t\r\v\f";
constexpr std::string_view kWhite = " \t\r\v\f\n";

std::string Shown(std::string_view text) {
  const bool cut = text.size() > kShownBytes;
  return absl::StrCat("'", reward::ValidUtf8(text.substr(0, kShownBytes)), cut ? "...'" : "'");
}

std::string_view WithoutEnd(std::string_view text, std::string_view white) {
  const size_t last = text.find_last_not_of(white);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

// Cuts the first line off.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return WithoutEnd(line, kBlank);
}

// Cuts the first token off; empty at the end.
std::string_view TakeToken(std::string_view& text) {
  const size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return text = {};
  const size_t end = std::min(text.find_first_of(kWhite, begin), text.size());
  const std::string_view token = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return token;
}

// A decimal number; not "inf", "nan" or hexadecimal.
bool ReadNumber(std::string_view token, double* value) {
  if (token.find_first_not_of("+-.eE0123456789") != std::string_view::npos) return false;
  return absl::SimpleAtod({token.data(), token.size()}, value) && std::isfinite(*value);
}

bool TokensAgree(std::string_view expected, std::string_view actual, double tolerance) {
  if (expected == actual) return true;
  double wanted = 0, got = 0;
  return tolerance > 0 && ReadNumber(expected, &wanted) && ReadNumber(actual, &got) && NumbersAgree(wanted, got, tolerance);
}

std::string CompareTokens(std::string_view expected, std::string_view actual, double tolerance) {
  for (size_t number = 1;; ++number) {
    const std::string_view wanted = TakeToken(expected), got = TakeToken(actual);
    if (wanted.empty() && got.empty()) return "";
    if (wanted.empty()) return absl::StrCat("word ", number, " is too much: ", Shown(got));
    if (got.empty()) return absl::StrCat("word ", number, " is missing: ", Shown(wanted), " is expected");
    if (!TokensAgree(wanted, got, tolerance)) return absl::StrCat("word ", number, " is ", Shown(got), ", ", Shown(wanted), " is expected");
  }
}

std::string CompareLines(std::string_view expected, std::string_view actual, double tolerance) {
  expected = WithoutEnd(expected, kWhite);
  actual = WithoutEnd(actual, kWhite);
  for (size_t number = 1; !expected.empty() || !actual.empty(); ++number) {
    if (actual.empty()) return absl::StrCat("line ", number, " is missing: ", Shown(TakeLine(expected)), " is expected");
    if (expected.empty()) return absl::StrCat("line ", number, " is too much: ", Shown(TakeLine(actual)));
    const std::string_view wanted = TakeLine(expected), got = TakeLine(actual);
    if (wanted == got || (tolerance > 0 && CompareTokens(wanted, got, tolerance).empty())) continue;
    return absl::StrCat("line ", number, " is ", Shown(got), ", ", Shown(wanted), " is expected");
  }
  return "";
}

// The digits of a float that is an integer, as an integer writes them; "" for others.
std::string IntegerDigits(double value) {
  if (value != std::floor(value)) return "";
  if (value == 0) return "0";
  char digits[400];  // The largest double has 309 digits.
  std::snprintf(digits, sizeof(digits), "%.0f", value);
  return digits;
}

bool SameNumber(const JsonValue& expected, const JsonValue& actual, double tolerance) {
  if (tolerance > 0 && NumbersAgree(expected.number, actual.number, tolerance)) return true;
  if (expected.kind == actual.kind) return expected.is(Kind::kInteger) ? expected.text == actual.text : expected.number == actual.number;
  const JsonValue& integer = expected.is(Kind::kInteger) ? expected : actual;
  const JsonValue& floating = expected.is(Kind::kInteger) ? actual : expected;
  return integer.text == IntegerDigits(floating.number);
}

std::string Different(const std::string& place, const JsonValue& expected, const JsonValue& actual) {
  return absl::StrCat(place, " is ", Shown(ToText(actual)), ", ", Shown(ToText(expected)), " is expected");
}

std::string CompareAt(const std::string& place, const JsonValue& expected, const JsonValue& actual, double tolerance) {  // At most kMaxJsonDepth deep.
  if (expected.is_number() && actual.is_number()) return SameNumber(expected, actual, tolerance) ? "" : Different(place, expected, actual);
  if (expected.kind != actual.kind) return absl::StrCat(place, " is ", Describe(actual.kind), ", ", Describe(expected.kind), " is expected");
  switch (expected.kind) {
    case Kind::kNull: return "";
    case Kind::kBool: return expected.boolean == actual.boolean ? "" : Different(place, expected, actual);
    case Kind::kString: return expected.text == actual.text ? "" : Different(place, expected, actual);
    case Kind::kArray:
      if (expected.items.size() != actual.items.size()) {
        return absl::StrCat(place, " has ", actual.items.size(), " items, ", expected.items.size(), " are expected");
      }
      for (size_t i = 0; i < expected.items.size(); ++i) {
        if (std::string found = CompareAt(absl::StrCat(place, "[", i, "]"), expected.items[i], actual.items[i], tolerance); !found.empty()) return found;
      }
      return "";
    case Kind::kObject:
      if (expected.fields.size() != actual.fields.size()) return Different(place, expected, actual);
      for (const auto& [key, wanted] : expected.fields) {
        const auto got = actual.fields.find(key);
        if (got == actual.fields.end()) return absl::StrCat(place, " has no key '", key, "'");
        if (std::string found = CompareAt(absl::StrCat(place, ".", key), wanted, got->second, tolerance); !found.empty()) return found;
      }
      return "";
    default: return Different(place, expected, actual);
  }
}

}  // namespace

bool NumbersAgree(double expected, double actual, double tolerance) {
  return std::isfinite(actual) && std::abs(expected - actual) <= tolerance * std::max(1.0, std::abs(expected));
}

std::string CompareText(std::string_view expected, std::string_view actual, TextRule rule, double tolerance) {
  return rule == TextRule::kTokens ? CompareTokens(expected, actual, tolerance) : CompareLines(expected, actual, tolerance);
}

std::string CompareValues(const JsonValue& expected, const JsonValue& actual, double tolerance) { return CompareAt("the result", expected, actual, tolerance); }

}  // namespace cohort::coderunner
