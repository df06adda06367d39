#include "services/reward/math/integration_constant.h"

#include <string>
#include <vector>

#include "services/reward/math/structure.h"

namespace cohort::reward::math {
namespace {

// Whether the letter is added to the rest, not multiplied with anything.
bool AddsLetter(View view, const std::string& letter) {
  std::vector<View> parts = {view};
  while (!parts.empty()) {
    const View part = parts.back();
    parts.pop_back();
    if (part.kind() == Kind::kSymbol && part.ast.name(part.id) == letter) return true;
    for (size_t i = 0; part.kind() == Kind::kAdd && i < part.size(); ++i) parts.push_back(part.kid(i));
  }
  return false;
}

}  // namespace

std::optional<Decision> CompareUpToConstantName(View a, View b, const Context& context) {
  if (a.kind() != Kind::kAdd || b.kind() != Kind::kAdd) return std::nullopt;
  const bool large = AddsLetter(a, "C") && AddsLetter(b, "c");
  if (!large && !(AddsLetter(a, "c") && AddsLetter(b, "C"))) return std::nullopt;
  if (VariablesOfBoth(a, b).size() != 3 || Variables(a).size() != 2 || Variables(b).size() != 2) return std::nullopt;
  const Ast renamed = Renamed(b, large ? "c" : "C", large ? "C" : "c");
  return CompareScalars(a, {renamed, renamed.root}, context);
}

}  // namespace cohort::reward::math
