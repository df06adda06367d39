#pragma once

#include <string>

#include "tests/golden/reward/metamorphic/choices.h"
#include "tests/golden/reward/metamorphic/tree.h"

namespace cohort::reward::metamorphic {

// How a text is typeset; every choice means the same.
enum class Script : uint8_t {
  kLatex,
  kUnicode,  // LaTeX with √, π, ×, ², − where they exist.
  kPlain,    // sqrt(x), x^2, a/b, 2*x.
};

Script PickScript(Choices& choices);

// The expression as text, with brackets where the grammar needs them.
std::string Write(const TreePtr& tree, Script script, Choices& choices);

// Dollar signs, display brackets, spaces or a full stop around a whole answer; often nothing.
std::string Surround(const std::string& text, Choices& choices);

}  // namespace cohort::reward::metamorphic
