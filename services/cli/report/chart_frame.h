#pragma once

#include <string>

#include "services/cli/report/axis.h"

namespace cohort::cli {

// Where a chart's plot lies within its SVG, in its own units.
struct Plot {
  double width = 380;
  double height = 190;
  double left = 44;
  double right = 10;
  double top = 8;
  double bottom = 24;

  double x0() const { return left; }
  double x1() const { return width - right; }
  double y0() const { return height - bottom; }  // Bottom edge.
  double y1() const { return top; }
};

// "12.3": a coordinate, short.
std::string Px(double value);

// Horizontal lines with values, and step numbers below.
std::string Grid(const Plot& plot, const Axis& x, const Axis& y, Unit unit);

// The card around a drawing: title, subtitle, a read-out at the right that the page's script updates, and the SVG. `hover_json` (may be empty) says
// what the script shows: {"x":[low,high,px0,px1],"steps":[…],"series":[[name,[text…]],…]}.
std::string Card(const std::string& title, const std::string& subtitle, const std::string& readout, const Plot& plot, const std::string& svg,
                 const std::string& hover_json, const std::string& legend = "");

}  // namespace cohort::cli
