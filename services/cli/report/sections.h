#pragma once

#include <string>

#include "services/cli/report/run_data.h"

namespace cohort::cli {

// The parts of the report, each an HTML fragment; empty when the run has nothing to show there.

std::string TitleSection(const RunData& run);
// Tiles and table of the held-out evaluation before and after.
std::string OutcomeSection(const RunData& run);
// What the base model could do already, and which of it was rewarded: figures of this run's own evaluations.
std::string SelectionSection(const RunData& run);
std::string CurveSection(const RunData& run);
std::string LengthSection(const RunData& run);
// The same held-out problems before and after.
std::string ExampleSection(const RunData& run);
// Training completions as the run went on.
std::string SampleSection(const RunData& run);
std::string ConfigSection(const RunData& run);

}  // namespace cohort::cli
