#include "tests/golden/reward/metamorphic/cases.h"

namespace cohort::reward::metamorphic {
namespace {

struct Maker {
  std::string_view kind;
  Case (*make)(Choices& choices);
};

constexpr Maker kMakers[] = {
    {"rational", RationalCase},   {"polynomial", PolynomialCase}, {"constant", ConstantCase}, {"rational function", RationalFunctionCase},
    {"function", FunctionCase},   {"complex", ComplexCase},       {"set", SetCase},           {"list", ListCase},
    {"tuple", TupleCase},         {"matrix", MatrixCase},         {"curve", CurveCase},       {"roots", RootsCase},
    {"ray", RayCase},             {"interval", IntervalCase},     {"union", UnionCase},       {"congruence", CongruenceCase},
    {"quantity", QuantityCase},   {"angle", AngleCase},           {"money", MoneyCase},       {"ratio", RatioCase},
    {"numeral", NumeralCase},     {"date", DateCase},             {"time", TimeCase},         {"choice", ChoiceCase},
    {"text", TextCase},
};

}  // namespace

const std::vector<std::string_view>& Kinds() {
  static const std::vector<std::string_view> kinds = [] {
    std::vector<std::string_view> names;
    for (const Maker& maker : kMakers) names.push_back(maker.kind);
    return names;
  }();
  return kinds;
}

Case MakeCase(Choices& choices) {
  const Maker& maker = choices.Pick(kMakers);
  Case made = maker.make(choices);
  made.kind = maker.kind;
  return made;
}

}  // namespace cohort::reward::metamorphic
