#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/report/html.h"
#include "services/cli/report/sections.h"

namespace cohort::cli {
namespace {

using nlohmann::json;

double Value(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

// A whole number, thousands set apart.
std::string Count(double value) { return value >= 1000 ? HumanNumber(value) : absl::StrCat(std::llround(value)); }

std::string Fact(const std::string& name, const std::string& value) {
  return value.empty() ? "" : absl::StrCat("<li>", name, " <b>", EscapeHtml(value), "</b></li>");
}

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// A measure before and after, as tile and as table row.
struct Quantity {
  std::string name;
  std::string key;
  bool share = true;

  std::string Format(double value) const { return share ? Percent(value) : std::isfinite(value) ? absl::StrCat(HumanNumber(value), " tokens") : "–"; }
  std::string Change(double before, double after) const {
    if (!std::isfinite(before) || !std::isfinite(after)) return "–";
    if (!share) return before > 0 ? absl::StrCat("×", HumanNumber(after / before)) : "–";
    const double points = (after - before) * 100;
    return absl::StrFormat("%s%.1f points", points < 0 ? "−" : "+", std::abs(points));
  }
};

std::string Gauge(const Quantity& measure, double before, double after) {
  const double scale = measure.share ? 1 : std::max({before, after, 1e-9}) * 1.05;
  const double from = 100 * before / scale, to = 100 * after / scale;
  return absl::StrCat("<div class=\"gauge\"><i style=\"left:0;width:", HumanNumber(std::clamp(to, 0.0, 100.0)), "%\"></i><u style=\"left:calc(",
                      HumanNumber(std::clamp(from, 0.0, 100.0)), "% - 1px)\"></u></div>");
}

std::string Tile(const Quantity& measure, const json& before, const json& after) {
  const double was = Value(before, measure.key.c_str()), now = Value(after, measure.key.c_str());
  if (!std::isfinite(was) || !std::isfinite(now)) return "";
  return absl::StrCat("<div class=\"tile\"><h3>", measure.name, "</h3><div class=\"now\">", measure.Format(now), "</div><div class=\"was\">before: ",
                      measure.Format(was), "</div>", Gauge(measure, was, now), "</div>");
}

std::string Row(const Quantity& measure, const json& before, const json& after) {
  const double was = Value(before, measure.key.c_str()), now = Value(after, measure.key.c_str());
  if (!std::isfinite(was) && !std::isfinite(now)) return "";
  return absl::StrCat("<tr><td>", measure.name, "</td><td>", measure.Format(was), "</td><td>", measure.Format(now), "</td><td>",
                      measure.Change(was, now), "</td></tr>");
}

// Share of the completions with `condition` that are correct.
template <typename Condition>
double AccuracyWhere(const std::vector<GradedCompletion>& completions, const Condition& condition) {
  double right = 0, all = 0;
  for (const GradedCompletion& c : completions) {
    if (!condition(c)) continue;
    ++all;
    right += c.correct ? 1 : 0;
  }
  return all > 0 ? right / all : NAN;
}

template <typename Condition>
double MeanLengthWhere(const std::vector<GradedCompletion>& completions, const Condition& condition) {
  double tokens = 0, all = 0;
  for (const GradedCompletion& c : completions) {
    if (!condition(c)) continue;
    ++all;
    tokens += static_cast<double>(c.tokens);
  }
  return all > 0 ? tokens / all : NAN;
}

std::string BaseSentence(const Evaluation& before) {
  const EvaluationMetrics base = Measure(before.sampled);
  const double checked = AccuracyWhere(before.sampled, [](const auto& c) { return c.self_check; });
  const double unchecked = AccuracyWhere(before.sampled, [](const auto& c) { return !c.self_check; });
  const double right_length = MeanLengthWhere(before.sampled, [](const auto& c) { return c.correct; });
  const double wrong_length = MeanLengthWhere(before.sampled, [](const auto& c) { return !c.correct; });
  std::string text = absl::StrCat("Before any reinforcement learning the base model answered ", Percent(base.accuracy), " of the held-out problems, wrote the right format in ",
                                  Percent(base.format), " of its completions, and checked itself in ", Percent(base.self_check), ".");
  if (std::isfinite(checked) && std::isfinite(unchecked)) {
    absl::StrAppend(&text, " Among the completions that checked themselves ", Percent(checked), " were right, among the others ", Percent(unchecked), ".");
  }
  if (std::isfinite(right_length) && std::isfinite(wrong_length)) {
    absl::StrAppend(&text, " Right ones were ", HumanNumber(right_length), " tokens long on average, wrong ones ", HumanNumber(wrong_length), ".");
  }
  return text;
}

}  // namespace

std::string TitleSection(const RunData& run) {
  const json& s = run.summary;
  const int64_t steps = run.steps.empty() ? 0 : run.steps.back().step() + 1;
  std::string facts = Fact("model", Text(s, "base_model"));
  absl::StrAppend(&facts, Fact("steps", Count(static_cast<double>(steps))));
  if (std::isfinite(Value(s, "seed"))) absl::StrAppend(&facts, Fact("seed", absl::StrCat(static_cast<int64_t>(Value(s, "seed")))));
  if (std::isfinite(Value(s, "train_seconds"))) absl::StrAppend(&facts, Fact("training", HumanDuration(Value(s, "train_seconds"))));
  if (std::isfinite(Value(s, "tokens_per_second"))) absl::StrAppend(&facts, Fact("tokens/s", HumanNumber(Value(s, "tokens_per_second"))));
  absl::StrAppend(&facts, Fact("finished", Text(s, "finished_at")));
  if (s.empty() && !run.steps.empty()) absl::StrAppend(&facts, Fact("state", "not finished"));
  return absl::StrCat("<header><p class=\"eyebrow\">Cohort · reinforcement learning run</p><h1>", EscapeHtml(run.name), "</h1><ul class=\"facts\">",
                      facts, "</ul></header>\n");
}

std::string OutcomeSection(const RunData& run) {
  const json before = run.summary.value("before", json::object()), after = run.summary.value("after", json::object());
  if (!before.is_object() || !after.is_object() || (before.empty() && after.empty())) return "";
  const std::vector<Quantity> tiles = {{"Accuracy (pass@1)", "accuracy"}, {"Right format", "format"}, {"Response length", "mean_length", false},
                                      {"Checks itself", "self_check"}};
  std::vector<Quantity> rows = tiles;
  rows.insert(rows.begin() + 1, {"Accuracy, greedy", "greedy_accuracy"});
  rows.push_back({"Cut off at the length limit", "truncated"});
  std::string html = "<section><h2>Before and after</h2><p class=\"lead\">";
  const double problems = Value(after, "problems"), completions = Value(after, "completions");
  absl::StrAppend(&html, "Held-out problems, which training has not seen");
  if (std::isfinite(problems)) absl::StrAppend(&html, ": ", Count(problems), " problems, ", Count(completions), " sampled completions");
  absl::StrAppend(&html, ". The tick on each bar is the base model.</p><div class=\"tiles\">");
  for (const Quantity& tile : tiles) absl::StrAppend(&html, Tile(tile, before, after));
  absl::StrAppend(&html, "</div><table><thead><tr><th>held-out problems</th><th>before</th><th>after</th><th>change</th></tr></thead><tbody>");
  for (const Quantity& row : rows) absl::StrAppend(&html, Row(row, before, after));
  return html + "</tbody></table></section>\n";
}

std::string SelectionSection(const RunData& run) {
  if (!run.before.has_value() || run.before->sampled.empty()) return "";
  std::string html = "<section><h2>What the corpus makes available, and what RL selects</h2><div class=\"prose\"><p>";
  absl::StrAppend(&html,
                  "Nobody showed this run a solution. It saw problems, sampled its own attempts, and was told by rule whether the final answer is "
                  "right and whether the tags are in place. Such a reward can only raise the probability of what the model already does now and "
                  "then, so two things decide what appears: the pre-training text, which makes a behaviour available, and the reward, which selects "
                  "it.</p><p>",
                  BaseSentence(*run.before), "</p><p>");
  absl::StrAppend(&html,
                  "Whatever goes with being right is what gets reinforced, whether or not anything in the reward names it: there is no reward for "
                  "thinking longer or for doubting a first guess. If careful completions are right more often than quick ones, training makes careful "
                  "completions common, and responses grow longer because thinking longer pays.");
  if (run.after.has_value() && !run.after->sampled.empty()) {
    const EvaluationMetrics base = Measure(run.before->sampled), trained = Measure(run.after->sampled);
    absl::StrAppend(&html, " Here the mean length went from ", HumanNumber(base.mean_length), " to ", HumanNumber(trained.mean_length),
                    " tokens and self-checks from ", Percent(base.self_check), " to ", Percent(trained.self_check), " of all completions, while accuracy went from ",
                    Percent(base.accuracy), " to ", Percent(trained.accuracy), ".");
  }
  return html + "</p></div></section>\n";
}

}  // namespace cohort::cli
