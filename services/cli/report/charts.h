#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/cli/report/axis.h"

namespace cohort::cli {

// Charts as inline SVG without any outside asset. Colours are CSS classes, so that one drawing serves light and dark; text is in the page's ink.
// Everything given as text is escaped here.

// A measured value beside the curve: the held-out evaluation before or after.
struct Mark {
  double step = 0;
  double value = 0;
  std::string label;
};

// One quantity over steps.
struct LineChart {
  std::string title;
  std::string subtitle;                          // What exactly it is; shown under the title.
  Unit unit = Unit::kPlain;
  std::vector<double> steps;
  std::vector<double> values;                    // One per step.
  std::vector<Mark> marks;
  bool from_zero = true;                         // The axis begins at 0.
  bool to_one = false;                           // The axis ends at 1.
};
std::string RenderLineChart(const LineChart& chart);

// Quantities that add up, stacked over steps.
struct StackedChart {
  std::string title;
  std::string subtitle;
  Unit unit = Unit::kPlain;
  std::vector<double> steps;
  std::vector<std::pair<std::string, std::vector<double>>> series;  // Name and one value per step; at most six, coloured in order.
};
std::string RenderStackedChart(const StackedChart& chart);

// How a distribution moves: one column a step, one row a bin, darker where more is.
struct HeatStrip {
  std::string title;
  std::string subtitle;
  std::vector<double> steps;
  std::vector<std::vector<double>> counts;       // By step, then bin from low to high.
  double high = 1;                               // Upper edge of the last bin.
  std::vector<double> means;                     // Drawn over it, one per step.
};
std::string RenderHeatStrip(const HeatStrip& strip);

// Two distributions side by side.
struct PairedHistogram {
  std::string title;
  std::string subtitle;
  std::vector<double> before;                    // Values, not counts.
  std::vector<double> after;
};
std::string RenderPairedHistogram(const PairedHistogram& histogram);

}  // namespace cohort::cli
