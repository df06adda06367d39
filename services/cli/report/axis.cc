#include "services/cli/report/axis.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/report/html.h"

namespace cohort::cli {
namespace {

// The round step (1, 2 or 5 times a power of ten) that cuts `extent` into about `count` parts.
double RoundStep(double extent, int count) {
  const double raw = extent / std::max(count, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double mantissa = raw / power;
  return power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
}

}  // namespace

std::string FormatValue(double value, Unit unit) {
  if (unit == Unit::kShare) return absl::StrFormat("%.1f%%", value * 100);
  if (unit == Unit::kSeconds) return absl::StrCat(HumanNumber(value), " s");
  return HumanNumber(value);
}

Axis Axis::Exact(double low, double high, double from, double to, int ticks) {
  Axis axis;
  axis.low_ = low;
  axis.high_ = high > low ? high : low + 1;
  axis.from_ = from;
  axis.to_ = to;
  const double step = RoundStep(axis.high_ - axis.low_, ticks);
  axis.step_ = step;
  const auto first = static_cast<int64_t>(std::ceil(axis.low_ / step - 1e-9));
  for (int64_t i = first; static_cast<double>(i) * step <= axis.high_ + step * 1e-6; ++i) axis.ticks_.push_back(static_cast<double>(i) * step);
  return axis;
}

std::string Axis::TickText(double tick, Unit unit) const {
  if (unit == Unit::kShare) return absl::StrFormat("%.0f%%", tick * 100);
  if (std::abs(tick) < step_ * 1e-6) return "0";
  if (step_ >= 1) return std::abs(tick) >= 1000 ? HumanNumber(tick) : absl::StrFormat("%.0f", tick);
  if (step_ < 1e-3) return absl::StrFormat("%.0e", tick);
  return absl::StrFormat("%.*f", static_cast<int>(std::ceil(-std::log10(step_) - 1e-9)), tick);
}

Axis Axis::Nice(double low, double high, double from, double to, int ticks) {
  if (!(high > low)) {
    const double around = low == 0 ? 1 : std::abs(low) * 0.1;
    high += around;
    low -= low == 0 ? 0 : around;
  }
  const double step = RoundStep(high - low, ticks);
  return Exact(std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, from, to, ticks);
}

}  // namespace cohort::cli
