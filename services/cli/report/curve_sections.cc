#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"
#include "services/cli/report/charts.h"
#include "services/cli/report/sections.h"

namespace cohort::cli {
namespace {

using learner::v1::StepRecord;
using Getter = std::function<double(const StepRecord&)>;

std::vector<double> Column(const RunData& run, const Getter& get) {
  std::vector<double> values;
  for (const StepRecord& record : run.steps) values.push_back(get(record));
  return values;
}

std::vector<double> Steps(const RunData& run) {
  return Column(run, [](const StepRecord& r) { return static_cast<double>(r.step()); });
}

// The held-out values before and after, at the ends of the curve.
std::vector<Mark> HeldOutMarks(const RunData& run, const char* key) {
  std::vector<Mark> marks;
  const auto add = [&](const char* when, double step) {
    const auto group = run.summary.find(when);
    if (group == run.summary.end() || !group->is_object() || !group->contains(key) || !(*group)[key].is_number()) return;
    marks.push_back({step, (*group)[key].get<double>(), absl::StrCat("held out, ", when)});
  };
  if (run.steps.empty()) return marks;
  add("before", static_cast<double>(run.steps.front().step()));
  add("after", std::max(static_cast<double>(run.steps.back().step()), static_cast<double>(run.steps.front().step() + 1)));
  return marks;
}

LineChart Curve(const RunData& run, std::string title, std::string subtitle, Unit unit, const Getter& get) {
  LineChart chart;
  chart.title = std::move(title);
  chart.subtitle = std::move(subtitle);
  chart.unit = unit;
  chart.steps = Steps(run);
  chart.values = Column(run, get);
  return chart;
}

LineChart ShareCurve(const RunData& run, std::string title, std::string subtitle, const char* held_out, const Getter& get) {
  LineChart chart = Curve(run, std::move(title), std::move(subtitle), Unit::kShare, get);
  chart.to_one = true;
  if (held_out != nullptr) chart.marks = HeldOutMarks(run, held_out);
  return chart;
}

std::string TimeBudgetChart(const RunData& run) {
  StackedChart chart;
  chart.title = "Where a step's time goes";
  chart.subtitle = "learner, seconds a step";
  chart.unit = Unit::kSeconds;
  chart.steps = Steps(run);
  chart.series = {{"update", Column(run, [](const auto& r) { return r.update_seconds(); })},
                  {"wait for groups", Column(run, [](const auto& r) { return r.wait_seconds(); })},
                  {"publish", Column(run, [](const auto& r) { return r.publish_seconds(); })},
                  {"checkpoint", Column(run, [](const auto& r) { return r.checkpoint_seconds(); })},
                  {"other", Column(run, [](const auto& r) {
                     return std::max(0.0, r.step_seconds() - r.update_seconds() - r.wait_seconds() - r.publish_seconds() - r.checkpoint_seconds());
                   })}};
  return RenderStackedChart(chart);
}

std::string OutcomeCurves(const RunData& run) {
  LineChart length = Curve(run, "Response length", "tokens, mean of the step", Unit::kPlain, [](const auto& r) { return r.length_mean(); });
  length.marks = HeldOutMarks(run, "mean_length");
  return absl::StrCat(
      RenderLineChart(Curve(run, "Reward", "mean scalar reward", Unit::kPlain, [](const auto& r) { return r.reward_mean(); })),
      RenderLineChart(ShareCurve(run, "Accuracy", "training prompts; ◇ held out", "accuracy",
                                 [](const auto& r) { return r.accuracy(); })),
      RenderLineChart(ShareCurve(run, "Format", "share in the right format; ◇ held out", "format", [](const auto& r) { return r.format(); })),
      RenderLineChart(length),
      RenderLineChart(ShareCurve(run, "Self-checks", "share of completions; ◇ held out", "self_check",
                                 [](const auto& r) { return r.self_check(); })),
      RenderLineChart(ShareCurve(run, "Groups without signal", "all rewards of the group equal", nullptr,
                                 [](const auto& r) { return r.zero_std_groups(); })));
}

std::string UpdateCurves(const RunData& run) {
  return absl::StrCat(
      RenderLineChart(Curve(run, "KL to the reference", "nats per token", Unit::kPlain, [](const auto& r) { return r.kl(); })),
      RenderLineChart(Curve(run, "Entropy", "nats per token", Unit::kPlain, [](const auto& r) { return r.entropy(); })),
      RenderLineChart(Curve(run, "Gradient norm", "before clipping", Unit::kPlain, [](const auto& r) { return r.grad_norm(); })),
      RenderLineChart(Curve(run, "Sampler against learner", "mean |Δ log-probability| per token", Unit::kPlain,
                            [](const auto& r) { return r.logprob_diff_mean(); })),
      RenderLineChart(Curve(run, "Learning rate", "of the last minibatch", Unit::kPlain, [](const auto& r) { return r.learning_rate(); })),
      RenderLineChart(Curve(run, "Speed", "completion tokens per second", Unit::kPlain, [](const auto& r) { return r.tokens_per_second(); })),
      "<div class=\"span2\">", TimeBudgetChart(run), "</div>",
      RenderLineChart(Curve(run, "Staleness", "versions, mean over tokens", Unit::kPlain, [](const auto& r) { return r.staleness_mean(); })));
}

// Upper edge of the length histogram: its bins cover [0, max_new_tokens], which records do not carry; the config does.
double HistogramEdge(const RunData& run) {
  const std::string key = "max_new_tokens:";
  const size_t at = run.config_yaml.find(key);
  const double configured = at == std::string::npos ? 0 : std::atof(run.config_yaml.c_str() + at + key.size());
  if (configured > 0) return configured;
  double longest = 1;
  for (const StepRecord& record : run.steps) longest = std::max(longest, static_cast<double>(record.length_max()));
  return longest;
}

std::vector<double> Lengths(const Evaluation& evaluation) {
  std::vector<double> lengths;
  for (const GradedCompletion& c : evaluation.sampled) lengths.push_back(static_cast<double>(c.tokens));
  return lengths;
}

}  // namespace

std::string CurveSection(const RunData& run) {
  if (run.steps.empty()) return "";
  return absl::StrCat("<section><h2>What the policy learnt</h2><p class=\"lead\">Each point is one step; the strong line is smoothed. Point at a step to "
                      "read all curves there.</p><div class=\"grid-of-cards\">",
                      OutcomeCurves(run),
                      "</div></section>\n<section><h2>How the updates went</h2><p class=\"lead\">The distance to the reference, the size of the updates, and "
                      "whether the rollout workers and the learner agree about the policy they share.</p><div class=\"grid-of-cards\">",
                      UpdateCurves(run), "</div></section>\n");
}

std::string LengthSection(const RunData& run) {
  HeatStrip strip;
  strip.title = "Completion lengths over training";
  strip.subtitle = "tokens; darker where more completions are; the line is the mean";
  strip.high = HistogramEdge(run);
  size_t bins = 0;
  for (const StepRecord& record : run.steps) bins = std::max(bins, static_cast<size_t>(record.length_histogram_size()));
  for (const StepRecord& record : run.steps) {
    if (record.length_histogram_size() == 0) continue;
    strip.steps.push_back(static_cast<double>(record.step()));
    strip.means.push_back(record.length_mean());
    std::vector<double> counts(record.length_histogram().begin(), record.length_histogram().end());
    counts.resize(bins, 0);
    strip.counts.push_back(std::move(counts));
  }
  std::string cards;
  if (!strip.counts.empty()) {
    cards = absl::StrCat("<div class=\"span2\">", RenderHeatStrip(strip), "</div>");
  }
  if (run.before.has_value() && run.after.has_value() && !run.before->sampled.empty() && !run.after->sampled.empty()) {
    absl::StrAppend(&cards, RenderPairedHistogram({"Lengths on held-out problems", "tokens; share of completions", Lengths(*run.before), Lengths(*run.after)}));
  }
  if (cards.empty()) return "";
  return absl::StrCat("<section><h2>Response length</h2><p class=\"lead\">Nothing in the reward asks for longer responses.</p><div class=\"grid-of-cards\">",
                      cards, "</div></section>\n");
}

}  // namespace cohort::cli
