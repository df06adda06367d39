#include "services/cli/launch/results.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "services/cli/command/printable.h"
#include "services/cli/command/text_table.h"
#include "services/cli/evaluate/verdict_text.h"
#include "services/cli/report/html.h"

namespace cohort::cli {
namespace {

using nlohmann::json;

constexpr size_t kLongestExample = 1500;

double Value(const json& summary, const char* side, const char* key) {
  const auto group = summary.find(side);
  if (group == summary.end() || !group->is_object()) return NAN;
  const auto value = group->find(key);
  return value != group->end() && value->is_number() ? value->get<double>() : NAN;
}

std::string Share(double value) { return Percent(value); }
std::string Tokens(double value) { return std::isfinite(value) ? absl::StrFormat("%.1f", value) : "–"; }

// Text of a model, cut and indented.
std::string Block(const std::string& text) {
  const std::string cut = text.size() > kLongestExample ? absl::StrCat(text.substr(0, kLongestExample), " …") : text;
  return absl::StrCat("    ", absl::StrReplaceAll(Printable(cut), {{"\n", "\n    "}}), "\n");
}

std::string Judgement(const GradedCompletion& c) {
  return absl::StrCat(VerdictText(c.verdict), c.format_ok ? ", format right, " : ", format wrong, ", c.tokens, " tokens");
}

}  // namespace

json Summarize(const RunOutcome& outcome, const RunData& run) {
  int64_t tokens = 0;
  for (const auto& record : run.steps) tokens += record.tokens();
  json summary = {{"run", outcome.run},
                  {"base_model", outcome.base_model},
                  {"steps", outcome.steps},
                  {"seed", outcome.seed},
                  {"train_seconds", outcome.train_seconds},
                  {"tokens", tokens},
                  {"tokens_per_second", outcome.train_seconds > 0 ? static_cast<double>(tokens) / outcome.train_seconds : 0},
                  {"self_check_words", outcome.self_check_words},
                  {"restarts", outcome.restarts},
                  {"finished_at", absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone())}};
  if (run.before.has_value()) summary["before"] = MetricsJson(*run.before);
  if (run.after.has_value()) summary["after"] = MetricsJson(*run.after);
  return summary;
}

std::string OutcomeTable(const json& summary) {
  if (!summary.contains("before") && !summary.contains("after")) return "";
  TextTable table({"held-out problems", "before", "after"});
  const auto add = [&](const char* name, const char* key, std::string (*format)(double)) {
    const double before = Value(summary, "before", key), after = Value(summary, "after", key);
    if (std::isfinite(before) || std::isfinite(after)) table.Add({name, format(before), format(after)});
  };
  add("accuracy (pass@1)", "accuracy", Share);
  add("accuracy, greedy", "greedy_accuracy", Share);
  add("right format", "format", Share);
  add("response length, tokens", "mean_length", Tokens);
  add("checks itself", "self_check", Share);
  return table.Render();
}

std::string ExampleText(const RunData& run) {
  if (!run.before.has_value() || !run.after.has_value()) return "";
  const std::vector<ExamplePair> examples = TellingExamples(*run.before, *run.after, 1);
  if (examples.empty()) return "";
  const ExamplePair& pair = examples[0];
  const auto problem = static_cast<size_t>(pair.problem);
  return absl::StrCat("  Prompt (the right answer is ", Printable(run.before->gold_answers[problem]), ")\n", Block(run.before->prompts[problem]),
                      "  Before: ", Judgement(*pair.before), "\n", Block(pair.before->text), "  After: ", Judgement(*pair.after), "\n",
                      Block(pair.after->text));
}

}  // namespace cohort::cli
