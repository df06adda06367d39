// Operands of the parser that are words: units, things that are counted, letters in a box of text.
#include <algorithm>
#include <utility>

#include "services/reward/math/parser_state.h"
#include "services/reward/math/units.h"
#include "services/reward/math/words.h"

namespace cohort::reward::math {
namespace {

// The parts of "kg m" when each is a unit; none otherwise.
std::vector<std::string_view> KnownFactors(std::string_view name) {
  std::vector<std::string_view> factors;
  while (!name.empty()) {
    const size_t end = std::min(name.find(' '), name.size());
    const std::string_view factor = name.substr(0, end);
    name.remove_prefix(std::min(name.size(), end + 1));
    if (factor.empty()) continue;
    if (FindUnit(factor) == nullptr) return {};
    factors.push_back(factor);
  }
  return factors;
}

}  // namespace

NodeId Parser::UnitNode(std::string_view name) { return ast_.AddNamed(Kind::kUnit, name); }

// Words where a value was expected.
void Parser::TextOperand(std::string_view text) {
  if (text.size() >= 3 && text.front() == '(' && text.back() == ')') text = text.substr(1, text.size() - 2);
  if (text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && (text[1] == '.' || text[1] == ')')) text = text.substr(0, 1);  // \textbf{A.}
  if (text.size() == 1 && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'))) {
    PushValue(text == "e" ? ast_.Add(Kind::kE, {}) : text == "i" ? ast_.Add(Kind::kI, {}) : ast_.AddNamed(Kind::kSymbol, text));
    return Complete();
  }
  // A quantity by its name: \text{Area} = 12.
  if (NamesQuantity(text) && Next().kind == Tok::kRelation && Next().op == static_cast<uint16_t>(Relation::kEqual)) return PushValue(ast_.AddNamed(Kind::kSymbol, text)), Complete();
  // A unit in its own place: after \frac or a sign of division ("60 km / h").
  if (FindUnit(text) != nullptr && (values_.size() > Container().values || Container().kind == FrameKind::kGroup)) return UnitOperand(text);
  return Fail("a value was expected");
}

// A unit, written as "cm", "square meters", "km/h", "m/s^2" in one piece of text, or the name of the things that are counted.
void Parser::UnitOperand(std::string_view text) {
  static constexpr struct {
    std::string_view word;
    int power;
  } kPowers[] = {{"square ", 2}, {"sq. ", 2}, {"sq ", 2}, {"cubic ", 3}, {"cu ", 3}, {"平方", 2}, {"立方", 3}};
  bool first = true, divides = false;
  const std::string_view whole = text;
  while (!text.empty()) {
    int power = 1;
    size_t cut = text.find('/');
    const size_t per = text.find(" per ");
    const bool slash = cut < per;
    cut = std::min({cut, per, text.size()});
    std::string_view name = text.substr(0, cut);
    text.remove_prefix(std::min(text.size(), cut + (slash ? 1 : 5)));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && (name.back() == ' ' || name.back() == '.')) name.remove_suffix(1);
    if (FindUnit(name) == nullptr) {
      for (const auto& [word, value] : kPowers) {
        if (power != 1 || name.substr(0, word.size()) != word) continue;
        power = value;
        name.remove_prefix(word.size());
      }
      for (const auto& [word, value] : {std::pair<std::string_view, int>{" squared", 2}, {" cubed", 3}}) {
        if (power != 1 || name.size() <= word.size() || !name.ends_with(word)) continue;
        power = value;
        name.remove_suffix(word.size());
      }
      if (power == 1 && name.size() > 2 && name[name.size() - 2] == '^' && (name.back() == '2' || name.back() == '3')) {
        power = name.back() - '0';
        name.remove_suffix(2);
      }
    }
    if (name.empty() || name.size() > kMaxWordBytes || name.find_first_of("\\{}_^$=<>+*") != std::string_view::npos) return Fail("a unit was expected");
    // "kg m" is a product; everything behind a sign of division is divided by.
    std::vector<std::string_view> factors = FindUnit(name) == nullptr && power == 1 ? KnownFactors(name) : std::vector<std::string_view>();
    if (FindUnit(name) == nullptr && factors.empty() && (!first || cut < whole.size())) return Fail("the unit is not known");
    if (factors.empty()) factors.push_back(name);
    for (const std::string_view factor : factors) {
      NodeId unit = UnitNode(factor);
      if (power != 1) {
        const NodeId exponent = ast_.AddNumber(power);
        unit = ast_.Add(Kind::kPower, {unit, exponent});
      }
      if (!first) Infix(divides ? Kind::kDivide : Kind::kMultiply, kProductPower, kProductPower);
      if (Failed()) return;
      PushValue(unit);
      Complete();
      first = false;
    }
    divides = true;
  }
  if (first) Fail("a unit was expected");
}

}  // namespace cohort::reward::math
