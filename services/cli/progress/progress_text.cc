#include "services/cli/progress/progress_text.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/command/text_table.h"
#include "services/cli/report/html.h"

namespace cohort::cli {
namespace {

using learner::v1::StepRecord;

constexpr int kRecentSteps = 20;    // Steps that the time left is estimated from.
constexpr int kSparkWidth = 12;
constexpr int kNarrow = 60;         // Below so many columns there are no sparklines.

int64_t Done(const ProgressState& state) { return state.records.empty() ? 0 : state.records.back().step() + 1; }

std::string LeftText(const ProgressState& state) {
  const double left = SecondsLeft(state);
  return left < 0 ? "–" : ClockText(left);
}

std::string Bar(double share, int width) {
  std::string bar;
  const double filled = share * width;
  for (int i = 0; i < width; ++i) bar += filled >= i + 1 ? "━" : filled >= i + 0.5 ? "╸" : "─";
  return bar;
}

std::string Coloured(const std::string& text, const char* code, bool colour) {
  return colour ? absl::StrCat("\x1b[", code, "m", text, "\x1b[0m") : text;
}

struct Quantity {
  const char* name;
  std::function<double(const StepRecord&)> get;
  std::function<std::string(double)> format;
};

std::string ShareText(double value) { return absl::StrFormat("%.1f%%", value * 100); }

const std::vector<Quantity>& Quantities() {
  static const auto* quantities = new std::vector<Quantity>{
      {"reward", [](const StepRecord& r) { return r.reward_mean(); }, [](double v) { return absl::StrFormat("%.2f", v); }},
      {"accuracy", [](const StepRecord& r) { return r.accuracy(); }, ShareText},
      {"format", [](const StepRecord& r) { return r.format(); }, ShareText},
      {"length", [](const StepRecord& r) { return r.length_mean(); }, [](double v) { return absl::StrFormat("%.1f", v); }},
      {"KL", [](const StepRecord& r) { return r.kl(); }, [](double v) { return absl::StrFormat("%.4f", v); }},
      {"tokens/s", [](const StepRecord& r) { return r.tokens_per_second(); }, HumanNumber},
  };
  return *quantities;
}

// "accuracy  71.2% ▁▂▄▆█", padded to `width` columns.
std::string Cell(const ProgressState& state, const Quantity& quantity, int width, bool sparks) {
  std::vector<double> values;
  for (const StepRecord& record : state.records) values.push_back(quantity.get(record));
  const std::string value = values.empty() ? "–" : quantity.format(values.back());
  std::string cell = absl::StrFormat("%-9s", quantity.name);
  cell += std::string(static_cast<size_t>(std::max(0, 7 - DisplayWidth(value))), ' ') + value;
  if (sparks) cell += " " + Sparkline(values, kSparkWidth);
  cell = FitWidth(cell, width);
  return cell + std::string(static_cast<size_t>(std::max(0, width - DisplayWidth(cell))), ' ');
}

}  // namespace

double SecondsLeft(const ProgressState& state) {
  if (state.records.empty()) return -1;
  double seconds = 0;
  int count = 0;
  for (auto record = state.records.rbegin(); record != state.records.rend() && count < kRecentSteps; ++record, ++count) seconds += record->step_seconds();
  return seconds / count * static_cast<double>(std::max<int64_t>(0, state.steps_total - Done(state)));
}

std::string ClockText(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole >= 3600) return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole % 3600 / 60, whole % 60);
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

std::string Sparkline(const std::vector<double>& values, int width) {
  static const char* const kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.empty() || width <= 0) return "";
  const int columns = std::min<int>(width, static_cast<int>(values.size()));
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string line;
  for (int column = 0; column < columns; ++column) {  // The whole course, each column the mean of its share of the values.
    const size_t begin = values.size() * column / columns, end = values.size() * (column + 1) / columns;
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += values[i];
    const double place = *high > *low ? (sum / static_cast<double>(end - begin) - *low) / (*high - *low) : 0;
    line += kBlocks[std::clamp(static_cast<int>(std::lround(place * 7)), 0, 7)];
  }
  return line;
}

std::vector<std::string> LiveLines(const ProgressState& state, int columns, bool colour) {
  const int width = std::max(20, columns - 1);  // The last column stays free: some terminals wrap there.
  const int64_t done = Done(state);
  const double share = state.steps_total > 0 ? static_cast<double>(done) / static_cast<double>(state.steps_total) : 0;
  const std::string head = absl::StrCat("step ", done, "/", state.steps_total, " ");
  const std::string tail = absl::StrFormat(" %3.0f%%  %s, left %s", share * 100, ClockText(state.elapsed_seconds), LeftText(state));
  const int bar_width = width - DisplayWidth(head) - DisplayWidth(tail);
  const std::string bar = bar_width >= 5 ? Bar(share, bar_width) : "";
  std::vector<std::string> lines = {bar.empty() ? FitWidth(head + tail, width) : head + Coloured(bar, "34", colour) + tail};

  const bool sparks = width >= kNarrow;
  const int cells = sparks ? std::min(3, width / 31) : std::max(1, width / 18);
  const int per_line = sparks ? std::max(2, cells) : 2;
  const auto& quantities = Quantities();
  for (size_t i = 0; i < quantities.size(); i += static_cast<size_t>(per_line)) {
    std::string line;
    for (size_t j = i; j < std::min(quantities.size(), i + static_cast<size_t>(per_line)); ++j) line += Cell(state, quantities[j], width / per_line, sparks);
    lines.push_back(line);
  }
  lines.push_back(Coloured(FitWidth(state.note, width), "33", colour && !state.note.empty()));
  return lines;
}

std::string PlainLine(const ProgressState& state) {
  std::string line = absl::StrCat("step ", Done(state), "/", state.steps_total);
  for (const Quantity& quantity : Quantities()) {
    const std::string value = state.records.empty() ? "–" : quantity.format(quantity.get(state.records.back()));
    const bool unit_after = std::string(quantity.name) == "tokens/s";
    absl::StrAppend(&line, "  ", unit_after ? value : quantity.name, " ", unit_after ? quantity.name : value);
  }
  return absl::StrCat(line, "  left ", LeftText(state));
}

}  // namespace cohort::cli
