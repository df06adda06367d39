#pragma once

#include <string>
#include <vector>

namespace cohort::cli {

// How the numbers of an axis are written.
enum class Unit { kPlain, kShare, kSeconds };

std::string FormatValue(double value, Unit unit);

// One linear axis: values [low, high] map to pixels [from, to], with ticks at round values.
class Axis {
 public:
  // `ticks` is how many are wanted, roughly. A range without extent is widened. Shares stay within [0, 1] when the data do.
  static Axis Nice(double low, double high, double from, double to, int ticks);

  double Pixel(double value) const { return from_ + (value - low_) / (high_ - low_) * (to_ - from_); }
  const std::vector<double>& ticks() const { return ticks_; }
  // A tick as text, with as many digits as tell neighbours apart.
  std::string TickText(double tick, Unit unit) const;
  double low() const { return low_; }
  double high() const { return high_; }

  // The same pixels for exactly [low, high], ticks only inside it.
  static Axis Exact(double low, double high, double from, double to, int ticks);

 private:
  double low_ = 0, high_ = 1, from_ = 0, to_ = 1;
  double step_ = 1;
  std::vector<double> ticks_;
};

}  // namespace cohort::cli
