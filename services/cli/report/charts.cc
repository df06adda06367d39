#include "services/cli/report/charts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "services/cli/report/chart_frame.h"
#include "services/cli/report/html.h"

namespace cohort::cli {
namespace {

using nlohmann::json;

constexpr size_t kSmoothFrom = 30;   // Fewer points are drawn as they are.
constexpr size_t kMaxColumns = 120;  // Of a heat strip; more steps share a column.

// Weighted mean over a symmetric window of roughly a tenth of the curve, weights falling linearly: it does not lag behind.
std::vector<double> Smoothed(const std::vector<double>& values) {
  const auto count = static_cast<int64_t>(values.size()), reach = std::max<int64_t>(2, count / 20);
  std::vector<double> smooth;
  for (int64_t at = 0; at < count; ++at) {
    const int64_t half = std::min({reach, at, count - 1 - at});  // Symmetric at the ends too, so that a slope stays a slope.
    double sum = 0, weight = 0;
    for (int64_t i = at - half; i <= at + half; ++i) {
      if (!std::isfinite(values[i])) continue;
      const double share = static_cast<double>(half + 1 - std::abs(i - at));
      sum += share * values[i];
      weight += share;
    }
    smooth.push_back(weight > 0 ? sum / weight : values[at]);
  }
  return smooth;
}

std::string Polyline(const Axis& x, const Axis& y, const std::vector<double>& steps, const std::vector<double>& values, const std::string& style) {
  std::string points;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (std::isfinite(values[i])) absl::StrAppend(&points, points.empty() ? "" : " ", Px(x.Pixel(steps[i])), ",", Px(y.Pixel(values[i])));
  }
  return absl::StrCat("<polyline class=\"", style, "\" points=\"", points, "\"/>");
}

Axis StepAxis(const Plot& plot, const std::vector<double>& steps) {
  const double first = steps.empty() ? 0 : steps.front(), last = steps.empty() ? 1 : steps.back();
  return Axis::Exact(first, std::max(last, first + 1), plot.x0(), plot.x1(), 5);
}

std::string HoverJson(const Axis& x, const Plot& plot, const std::vector<double>& steps,
                      const std::vector<std::pair<std::string, std::vector<std::string>>>& series) {
  json rows = json::array();
  for (const auto& [name, texts] : series) rows.push_back(json::array({name, texts}));
  return json{{"x", {x.low(), x.high(), plot.x0(), plot.x1()}}, {"steps", steps}, {"series", rows}}.dump(-1, ' ', false,
                                                                                                      json::error_handler_t::replace);
}

std::vector<std::string> Texts(const std::vector<double>& values, Unit unit) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(FormatValue(value, unit));
  return texts;
}

Axis ValueAxis(const LineChart& chart, const Plot& plot) {
  double low = chart.from_zero ? 0 : INFINITY, high = chart.to_one ? 1 : -INFINITY;
  const auto widen = [&](double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const double value : chart.values) widen(value);
  for (const Mark& mark : chart.marks) widen(mark.value);
  if (!std::isfinite(low)) low = 0;
  if (!std::isfinite(high)) high = low + 1;
  return Axis::Nice(low, high, plot.y0(), plot.y1(), 4);
}

std::string MarkShape(const Axis& x, const Axis& y, const Mark& mark) {
  const double px = x.Pixel(mark.step), py = y.Pixel(mark.value);
  return absl::StrCat("<path class=\"mark\" d=\"M", Px(px), " ", Px(py - 4.5), "l4.5 4.5l-4.5 4.5l-4.5 -4.5z\"><title>", EscapeHtml(mark.label),
                      "</title></path>");
}

std::string Legend(const std::vector<std::string>& names, const std::string& css) {
  std::string items;
  for (size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&items, "<span><i class=\"", css, i, "\"></i>", EscapeHtml(names[i]), "</span>");
  }
  return absl::StrCat("<div class=\"legend\">", items, "</div>");
}

}  // namespace

std::string RenderLineChart(const LineChart& chart) {
  const Plot plot;
  const Axis x = StepAxis(plot, chart.steps), y = ValueAxis(chart, plot);
  const bool smooth = chart.values.size() >= kSmoothFrom;
  std::string svg = Grid(plot, x, y, chart.unit);
  if (smooth) absl::StrAppend(&svg, Polyline(x, y, chart.steps, chart.values, "line raw"));
  absl::StrAppend(&svg, Polyline(x, y, chart.steps, smooth ? Smoothed(chart.values) : chart.values, "line"));
  for (const Mark& mark : chart.marks) absl::StrAppend(&svg, MarkShape(x, y, mark));
  const std::string last = chart.values.empty() ? "–" : FormatValue(chart.values.back(), chart.unit);
  return Card(chart.title, chart.subtitle, last, plot, svg, HoverJson(x, plot, chart.steps, {{"", Texts(chart.values, chart.unit)}}));
}

std::string RenderStackedChart(const StackedChart& chart) {
  Plot plot;
  plot.width = 780;
  plot.height = 200;
  std::vector<double> top(chart.steps.size(), 0);
  for (const auto& [name, values] : chart.series) {
    for (size_t i = 0; i < top.size(); ++i) top[i] += values[i];
  }
  const double high = top.empty() ? 1 : *std::max_element(top.begin(), top.end());
  const Axis x = StepAxis(plot, chart.steps), y = Axis::Nice(0, std::max(high, 1e-9), plot.y0(), plot.y1(), 4);
  std::string svg = Grid(plot, x, y, chart.unit);
  std::vector<double> base(chart.steps.size(), 0);
  std::vector<std::string> names;
  std::vector<std::pair<std::string, std::vector<std::string>>> hover = {{"", Texts(top, chart.unit)}};
  for (size_t s = 0; s < chart.series.size(); ++s) {
    const auto& [name, values] = chart.series[s];
    std::string up, down;
    for (size_t i = 0; i < base.size(); ++i) {
      down = absl::StrCat(Px(x.Pixel(chart.steps[i])), ",", Px(y.Pixel(base[i])), " ", down);
      base[i] += values[i];
      absl::StrAppend(&up, Px(x.Pixel(chart.steps[i])), ",", Px(y.Pixel(base[i])), " ");
    }
    absl::StrAppend(&svg, "<polygon class=\"area a", s, "\" points=\"", up, down, "\"/>");
    names.push_back(name);
    hover.emplace_back(name, Texts(values, chart.unit));
  }
  const std::string last = top.empty() ? "–" : FormatValue(top.back(), chart.unit);
  return Card(chart.title, chart.subtitle, last, plot, svg, HoverJson(x, plot, chart.steps, hover), Legend(names, "key a"));
}

std::string RenderHeatStrip(const HeatStrip& strip) {
  Plot plot;
  plot.width = 780;
  plot.height = 208;
  const size_t columns = std::min(strip.counts.size(), kMaxColumns);
  const size_t bins = strip.counts.empty() ? 0 : strip.counts[0].size();
  const Axis x = StepAxis(plot, strip.steps), y = Axis::Exact(0, strip.high, plot.y0(), plot.y1(), 5);
  std::string svg = Grid(plot, x, y, Unit::kPlain);
  const double column_width = (plot.x1() - plot.x0()) / static_cast<double>(std::max<size_t>(columns, 1));
  const double row_height = (plot.y0() - plot.y1()) / static_cast<double>(std::max<size_t>(bins, 1));
  for (size_t column = 0; column < columns; ++column) {
    const size_t begin = column * strip.counts.size() / columns, end = std::max(begin + 1, (column + 1) * strip.counts.size() / columns);
    std::vector<double> sums(bins, 0);
    double total = 0;
    for (size_t step = begin; step < end; ++step) {
      for (size_t bin = 0; bin < bins && bin < strip.counts[step].size(); ++bin) {
        sums[bin] += strip.counts[step][bin];
        total += strip.counts[step][bin];
      }
    }
    for (size_t bin = 0; bin < bins; ++bin) {
      if (sums[bin] <= 0) continue;
      const double strength = 0.08 + 0.92 * std::sqrt(sums[bin] / total);
      absl::StrAppend(&svg, "<rect class=\"cell\" x=\"", Px(plot.x0() + column_width * static_cast<double>(column)), "\" y=\"",
                      Px(plot.y0() - row_height * static_cast<double>(bin + 1)), "\" width=\"", Px(column_width + 0.3), "\" height=\"",
                      Px(row_height - 0.6), "\" fill-opacity=\"", HumanNumber(std::round(strength * 100) / 100), "\"/>");
    }
  }
  absl::StrAppend(&svg, Polyline(x, y, strip.steps, strip.means, "line over"));
  const std::string last = strip.means.empty() ? "–" : absl::StrCat("mean ", HumanNumber(strip.means.back()));
  return Card(strip.title, strip.subtitle, last, plot, svg, HoverJson(x, plot, strip.steps, {{"mean", Texts(strip.means, Unit::kPlain)}}));
}

std::string RenderPairedHistogram(const PairedHistogram& histogram) {
  constexpr int kBins = 24;
  const Plot plot;
  double longest = 1;
  for (const auto* values : {&histogram.before, &histogram.after}) {
    for (const double value : *values) longest = std::max(longest, value);
  }
  const double width = std::max(1.0, std::ceil(longest / kBins));
  std::vector<double> before(kBins + 1, 0), after(kBins + 1, 0);
  const auto fill = [&](const std::vector<double>& values, std::vector<double>& shares) {
    for (const double value : values) shares[static_cast<size_t>(value / width)] += 1.0 / static_cast<double>(values.size());
  };
  fill(histogram.before, before);
  fill(histogram.after, after);
  const double high = std::max(*std::max_element(before.begin(), before.end()), *std::max_element(after.begin(), after.end()));
  const Axis x = Axis::Exact(0, width * (kBins + 1), plot.x0(), plot.x1(), 6), y = Axis::Nice(0, std::max(high, 0.01), plot.y0(), plot.y1(), 4);
  std::string svg = Grid(plot, x, y, Unit::kShare);
  const double bar = (plot.x1() - plot.x0()) / (kBins + 1);
  for (int bin = 0; bin <= kBins; ++bin) {
    const auto draw = [&](double share, double shift, const char* style) {
      if (share <= 0) return;
      absl::StrAppend(&svg, "<rect class=\"", style, "\" rx=\"1\" x=\"", Px(plot.x0() + bar * bin + shift), "\" y=\"", Px(y.Pixel(share)),
                      "\" width=\"", Px(bar * 0.44), "\" height=\"", Px(plot.y0() - y.Pixel(share)), "\"><title>", static_cast<int>(bin * width), " to ",
                      static_cast<int>((bin + 1) * width - 1), " tokens: ", Percent(share), "</title></rect>");
    };
    draw(before[bin], bar * 0.04, "bar b0");
    draw(after[bin], bar * 0.52, "bar b1");
  }
  return Card(histogram.title, histogram.subtitle, "", plot, svg, "", Legend({"before", "after"}, "key b"));
}

}  // namespace cohort::cli
