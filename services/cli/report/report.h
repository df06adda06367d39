#pragma once

#include <string>

#include "services/cli/report/run_data.h"

namespace cohort::cli {

// The run as one self-contained HTML page: what changed, curves, distributions, sample completions, the config. Pure; escapes everything a model or a
// file said.
std::string RenderReport(const RunData& run);

}  // namespace cohort::cli
