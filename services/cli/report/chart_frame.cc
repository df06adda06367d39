#include "services/cli/report/chart_frame.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/report/html.h"

namespace cohort::cli {

std::string Px(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.size() > 2 && text.compare(text.size() - 2, 2, ".0") == 0) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string Grid(const Plot& plot, const Axis& x, const Axis& y, Unit unit) {
  std::string svg;
  for (const double tick : y.ticks()) {
    const std::string at = Px(y.Pixel(tick));
    absl::StrAppend(&svg, "<line class=\"grid\" x1=\"", Px(plot.x0()), "\" x2=\"", Px(plot.x1()), "\" y1=\"", at, "\" y2=\"", at, "\"/>",
                    "<text class=\"tick\" x=\"", Px(plot.x0() - 6), "\" y=\"", at, "\" dy=\".32em\" text-anchor=\"end\">", y.TickText(tick, unit), "</text>");
  }
  for (const double tick : x.ticks()) {
    if (tick != std::floor(tick)) continue;
    absl::StrAppend(&svg, "<text class=\"tick\" x=\"", Px(x.Pixel(tick)), "\" y=\"", Px(plot.y0() + 15), "\" text-anchor=\"middle\">",
                    x.TickText(tick, Unit::kPlain), "</text>");
  }
  return svg;
}

std::string Card(const std::string& title, const std::string& subtitle, const std::string& readout, const Plot& plot, const std::string& svg,
                 const std::string& hover_json, const std::string& legend) {
  const std::string hover = hover_json.empty() ? "" : absl::StrCat(" data-hover=\"", EscapeHtml(hover_json), "\"");
  return absl::StrCat("<figure class=\"card\"><figcaption><div><h3>", EscapeHtml(title), "</h3><p>", EscapeHtml(subtitle),
                      "</p></div><output class=\"readout\" data-rest=\"", EscapeHtml(readout), "\">", EscapeHtml(readout), "</output></figcaption>",
                      legend, "<svg viewBox=\"0 0 ", Px(plot.width), " ", Px(plot.height), "\" role=\"img\" aria-label=\"", EscapeHtml(title), ": ",
                      EscapeHtml(readout), "\"", hover, ">", svg, "<line class=\"cursor\" y1=\"", Px(plot.y1()), "\" y2=\"", Px(plot.y0()),
                      "\"/></svg></figure>\n");
}

}  // namespace cohort::cli
