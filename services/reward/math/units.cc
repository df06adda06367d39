#include "services/reward/math/units.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <unordered_map>

namespace cohort::reward::math {
namespace {

struct UnitRow {
  const char* names;  // Separated by blanks; '_' stands for a blank.
  int64_t numerator;
  uint64_t denominator;
  const char* dimension;  // "kg m s-2": base units with their powers.
};

// Scales are exact by definition (international yard and pound, US liquid gallon, calendar year of 365 days excepted: years and months are their own units).
constexpr UnitRow kUnits[] = {
    // Length.
    {"meter meters metre metres 米", 1, 1, "m"},
    {"kilometer kilometers kilometre kilometres 千米 公里 km", 1000, 1, "m"},
    {"centimeter centimeters centimetre centimetres 厘米", 1, 100, "m"},
    {"millimeter millimeters millimetre millimetres 毫米", 1, 1000, "m"},
    {"decimeter decimeters decimetre decimetres 分米", 1, 10, "m"},
    {"micrometer micrometers micron microns", 1, 1'000'000, "m"},
    {"nanometer nanometers", 1, 1'000'000'000, "m"},
    {"inch inches in", 254, 10'000, "m"},
    {"foot feet ft", 3048, 10'000, "m"},
    {"yard yards yd yds", 9144, 10'000, "m"},
    {"mile miles mi", 1'609'344, 1000, "m"},
    {"nautical_mile nautical_miles", 1852, 1, "m"},
    // Area and volume.
    {"hectare hectares ha 公顷", 10'000, 1, "m2"},
    {"acre acres", 316'160'658, 78'125, "m2"},
    {"liter liters litre litres 升", 1, 1000, "m3"},
    {"milliliter milliliters millilitre millilitres cc 毫升", 1, 1'000'000, "m3"},
    {"gallon gallons gal", 473'176'473, 125'000'000'000, "m3"},
    {"quart quarts qt", 473'176'473, 500'000'000'000, "m3"},
    {"pint pints pt", 473'176'473, 1'000'000'000'000, "m3"},
    {"cup cups", 473'176'473, 2'000'000'000'000, "m3"},
    {"fluid_ounce fluid_ounces fl_oz", 473'176'473, 16'000'000'000'000, "m3"},
    {"平方米", 1, 1, "m2"},
    {"平方厘米", 1, 10'000, "m2"},
    {"平方千米 平方公里", 1'000'000, 1, "m2"},
    {"立方米", 1, 1, "m3"},
    {"立方厘米", 1, 1'000'000, "m3"},
    // Mass.
    {"gram grams 克", 1, 1000, "kg"},
    {"kilogram kilograms kgs kilo kilos 千克 公斤", 1, 1, "kg"},
    {"milligram milligrams 毫克", 1, 1'000'000, "kg"},
    {"tonne tonnes metric_ton metric_tons 吨", 1000, 1, "kg"},
    {"ton tons", 90'718'474, 100'000, "kg"},
    {"pound pounds lb lbs", 45'359'237, 100'000'000, "kg"},
    {"ounce ounces oz", 45'359'237, 1'600'000'000, "kg"},
    // Time.
    {"second seconds sec secs 秒", 1, 1, "s"},
    {"millisecond milliseconds", 1, 1000, "s"},
    {"minute minutes min mins 分钟", 60, 1, "s"},
    {"hour hours hr hrs h 小时", 3600, 1, "s"},
    {"day days 天", 86'400, 1, "s"},
    {"week weeks 周", 604'800, 1, "s"},
    {"month months 个月", 1, 12, "year"},
    {"year years yr yrs years_old year_old 年 岁", 1, 1, "year"},
    {"decade decades", 10, 1, "year"},
    {"century centuries", 100, 1, "year"},
    // Speed.
    {"mph", 44'704, 100'000, "m s-1"},
    {"kph kmph", 5, 18, "m s-1"},
    {"knot knots", 1852, 3600, "m s-1"},
    // Mechanics, electricity, heat.
    {"newton newtons", 1, 1, "kg m s-2"},
    {"joule joules", 1, 1, "kg m2 s-2"},
    {"watt watts", 1, 1, "kg m2 s-3"},
    {"kilowatt kilowatts", 1000, 1, "kg m2 s-3"},
    {"kWh kilowatt-hour kilowatt-hours", 3'600'000, 1, "kg m2 s-2"},
    {"cal calorie calories", 4184, 1000, "kg m2 s-2"},
    {"kcal kilocalorie kilocalories", 4184, 1, "kg m2 s-2"},
    {"pascal pascals", 1, 1, "kg m-1 s-2"},
    {"bar bars", 100'000, 1, "kg m-1 s-2"},
    {"atm", 101'325, 1, "kg m-1 s-2"},
    {"hertz", 1, 1, "s-1"},
    {"rpm", 1, 60, "rev s-1"},
    {"revolution revolutions rev", 1, 1, "rev"},
    {"volt volts", 1, 1, "kg m2 s-3 A-1"},
    {"ampere amperes amp amps", 1, 1, "A"},
    {"ohm ohms Omega", 1, 1, "kg m2 s-3 A-2"},
    {"coulomb coulombs", 1, 1, "A s"},
    {"farad farads", 1, 1, "kg-1 m-2 s4 A2"},
    {"mole moles", 1, 1, "mol"},
    {"kelvin kelvins", 1, 1, "K"},
    {"celsius Celsius degree_Celsius degrees_Celsius degree_celsius degrees_celsius 摄氏度", 1, 1, "celsius"},
    {"fahrenheit Fahrenheit degree_Fahrenheit degrees_Fahrenheit degree_fahrenheit degrees_fahrenheit 华氏度", 1, 1, "fahrenheit"},
    // Information.
    {"bit bits", 1, 1, "bit"},
    {"byte bytes", 8, 1, "bit"},
    {"KB kilobyte kilobytes", 8000, 1, "bit"},
    {"MB megabyte megabytes", 8'000'000, 1, "bit"},
    {"GB gigabyte gigabytes", 8'000'000'000, 1, "bit"},
    // Angles, and names of pure numbers.
    {"radian radians rad 弧度", 1, 1, ""},
    {"unit units 单位", 1, 1, ""},
    {"dozen dozens", 12, 1, ""},
    {"thousand", 1000, 1, ""},
    {"million", 1'000'000, 1, ""},
    {"billion", 1'000'000'000, 1, ""},
    {"trillion", 1'000'000'000'000, 1, ""},
    // Money.
    {"dollar dollars USD 美元", 1, 1, "$dollar"},
    {"cent cents ¢ 美分", 1, 100, "$dollar"},
    {"euro euros EUR 欧元", 1, 1, "$euro"},
    {"pound_sterling GBP 英镑", 1, 1, "$sterling"},
    {"pence", 1, 100, "$sterling"},
    {"yen JPY 日元 円", 1, 1, "$yen"},
    {"yuan RMB CNY 元 块 人民币", 1, 1, "$yuan"},
    {"角", 1, 10, "$yuan"},
    {"分", 1, 100, "$yuan"},
    {"rupee rupees INR Rs", 1, 1, "$rupee"},
    {"ruble rubles rouble roubles", 1, 1, "$ruble"},
};

// Symbols that take the prefixes of the SI.
constexpr UnitRow kPrefixable[] = {
    {"m", 1, 1, "m"},          {"g", 1, 1000, "kg"},           {"s", 1, 1, "s"},         {"A", 1, 1, "A"},           {"K", 1, 1, "K"},
    {"mol", 1, 1, "mol"},      {"cd", 1, 1, "cd"},             {"Hz", 1, 1, "s-1"},      {"N", 1, 1, "kg m s-2"},    {"Pa", 1, 1, "kg m-1 s-2"},
    {"J", 1, 1, "kg m2 s-2"},  {"W", 1, 1, "kg m2 s-3"},       {"C", 1, 1, "A s"},       {"V", 1, 1, "kg m2 s-3 A-1"}, {"F", 1, 1, "kg-1 m-2 s4 A2"},
    {"T", 1, 1, "kg s-2 A-1"}, {"L", 1, 1000, "m3"},           {"l", 1, 1000, "m3"},     {"H", 1, 1, "kg m2 s-2 A-2"},
};

struct Prefix {
  const char* name;
  int exponent;
};
constexpr Prefix kPrefixes[] = {{"", 0}, {"k", 3}, {"h", 2}, {"d", -1}, {"c", -2}, {"m", -3}, {"u", -6}, {"\\mu ", -6}, {"n", -9}, {"M", 6}, {"G", 9}};

Dimension ParseDimension(std::string_view text) {
  Dimension dimension;
  while (!text.empty()) {
    const size_t blank = std::min(text.find(' '), text.size());
    std::string_view part = text.substr(0, blank);
    text.remove_prefix(std::min(text.size(), blank + 1));
    const size_t digit = part.find_first_of("-0123456789");
    const int power = digit == std::string_view::npos ? 1 : std::stoi(std::string(part.substr(digit)));
    dimension.emplace_back(part.substr(0, digit), power);
  }
  std::sort(dimension.begin(), dimension.end());
  return dimension;
}

// Looked up by views, without making a string.
struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};
using UnitTable = std::unordered_map<std::string, Unit, NameHash, std::equal_to<>>;

UnitTable BuildTable() {
  UnitTable table;
  for (const UnitRow& row : kPrefixable) {
    for (const Prefix& prefix : kPrefixes) {
      const Rational power = prefix.exponent < 0 ? Rational(1) / Rational::PowerOfTen(static_cast<uint64_t>(-prefix.exponent))
                                                 : Rational::PowerOfTen(static_cast<uint64_t>(prefix.exponent));
      table.emplace(std::string(prefix.name) + row.names, Unit{Rational(row.numerator, row.denominator) * power, ParseDimension(row.dimension)});
    }
  }
  for (const UnitRow& row : kUnits) {
    for (std::string_view names = row.names; !names.empty();) {
      const size_t blank = std::min(names.find(' '), names.size());
      std::string name(names.substr(0, blank));
      std::replace(name.begin(), name.end(), '_', ' ');
      names.remove_prefix(std::min(names.size(), blank + 1));
      table.insert_or_assign(std::move(name), Unit{Rational(row.numerator, row.denominator), ParseDimension(row.dimension)});
    }
  }
  return table;
}

const UnitTable& Table() {
  static const UnitTable table = BuildTable();
  return table;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Without the plural: "apples" and "apple" are the same thing.
std::string Singular(std::string word) {
  if (word.size() > 3 && word.back() == 's' && word[word.size() - 2] != 's') word.pop_back();
  return word;
}

}  // namespace

const Unit* FindUnit(std::string_view name) {
  const auto& table = Table();
  auto found = table.find(name);
  if (found == table.end() && name.size() > 3) found = table.find(Lower(name));
  return found == table.end() ? nullptr : &found->second;
}

Unit UnitOrThing(std::string_view name) {
  if (const Unit* unit = FindUnit(name); unit != nullptr) return *unit;
  return {Rational(1), {{"#" + Singular(Lower(name)), 1}}};
}

bool IsMoney(const Dimension& dimension) { return dimension.size() == 1 && dimension[0].first[0] == '$' && dimension[0].second == 1; }

Dimension Multiplied(const Dimension& a, const Dimension& b, int power_of_b) {
  Dimension result = a;
  for (const auto& [name, power] : b) {
    const auto at = std::lower_bound(result.begin(), result.end(), name, [](const auto& entry, const std::string& wanted) { return entry.first < wanted; });
    if (at == result.end() || at->first != name) {
      result.insert(at, {name, power * power_of_b});
    } else if ((at->second += power * power_of_b) == 0) {
      result.erase(at);
    }
  }
  return result;
}

}  // namespace cohort::reward::math
