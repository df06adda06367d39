#pragma once

#include <string_view>

namespace cohort::reward {

// Whether a think or answer segment only repeats the template's words ("reasoning process here") or dots ("...").
bool IsPlaceholder(std::string_view segment);

}  // namespace cohort::reward
