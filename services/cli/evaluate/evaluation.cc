#include "services/cli/evaluate/evaluation.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "services/cli/evaluate/statistics.h"

namespace cohort::cli {
namespace {

using nlohmann::json;

json ToJson(const GradedCompletion& c) {
  return {{"problem", c.problem}, {"sample", c.sample},       {"text", c.text},         {"answer", c.answer},       {"verdict", c.verdict},
          {"correct", c.correct}, {"format_ok", c.format_ok}, {"self_check", c.self_check}, {"truncated", c.truncated}, {"tokens", c.tokens}};
}

GradedCompletion CompletionFromJson(const json& row) {
  GradedCompletion c;
  c.problem = row.value("problem", int64_t{0});
  c.sample = row.value("sample", int64_t{0});
  c.text = row.value("text", "");
  c.answer = row.value("answer", "");
  c.verdict = row.value("verdict", "");
  c.correct = row.value("correct", false);
  c.format_ok = row.value("format_ok", false);
  c.self_check = row.value("self_check", false);
  c.truncated = row.value("truncated", false);
  c.tokens = row.value("tokens", int64_t{0});
  return c;
}

json ToJson(const std::vector<GradedCompletion>& completions) {
  json rows = json::array();
  for (const GradedCompletion& c : completions) rows.push_back(ToJson(c));
  return rows;
}

std::vector<GradedCompletion> CompletionsFromJson(const json& rows) {
  std::vector<GradedCompletion> completions;
  for (const json& row : rows) completions.push_back(CompletionFromJson(row));
  return completions;
}

const GradedCompletion* SampleZero(const Evaluation& evaluation, int64_t problem) {
  for (const GradedCompletion& c : evaluation.sampled) {
    if (c.problem == problem && c.sample == 0) return &c;
  }
  return nullptr;
}

// Lower is more telling: wrong before and right after, self-check gained, and a length near the usual one.
double Dullness(const ExamplePair& pair, double before_length, double after_length) {
  double score = 0;
  score += pair.before->correct ? 4 : 0;
  score += pair.after->correct && pair.after->format_ok ? 0 : 8;
  score += pair.after->self_check && !pair.before->self_check ? 0 : 1;
  score += pair.before->text.empty() ? 2 : 0;
  score += std::abs(static_cast<double>(pair.after->tokens) - after_length) / std::max(after_length, 1.0);
  score += std::abs(static_cast<double>(pair.before->tokens) - before_length) / std::max(before_length, 1.0);
  return score;
}

double MedianLength(const Evaluation& evaluation) {
  std::vector<double> lengths;
  for (const GradedCompletion& c : evaluation.sampled) lengths.push_back(static_cast<double>(c.tokens));
  return Quantile(lengths, 0.5);
}

}  // namespace

EvaluationMetrics Measure(const std::vector<GradedCompletion>& completions) {
  EvaluationMetrics sum;
  for (const GradedCompletion& c : completions) {
    sum.accuracy += c.correct;
    sum.format += c.format_ok;
    sum.mean_length += static_cast<double>(c.tokens);
    sum.self_check += c.self_check;
    sum.truncated += c.truncated;
  }
  sum.completions = static_cast<int64_t>(completions.size());
  if (completions.empty()) return sum;
  for (double* value : {&sum.accuracy, &sum.format, &sum.mean_length, &sum.self_check, &sum.truncated}) {
    *value /= static_cast<double>(completions.size());
  }
  return sum;
}

json MetricsJson(const Evaluation& evaluation) {
  const EvaluationMetrics sampled = Measure(evaluation.sampled), greedy = Measure(evaluation.greedy);
  json out = {{"accuracy", sampled.accuracy},     {"format", sampled.format},       {"mean_length", sampled.mean_length},
              {"self_check", sampled.self_check}, {"truncated", sampled.truncated}, {"problems", evaluation.prompts.size()},
              {"completions", sampled.completions}};
  if (!evaluation.greedy.empty()) {
    out["greedy_accuracy"] = greedy.accuracy;
    out["greedy_format"] = greedy.format;
    out["greedy_mean_length"] = greedy.mean_length;
  }
  return out;
}

absl::Status SaveEvaluation(const Evaluation& evaluation, const std::string& path) {
  const json out = {{"model", evaluation.model},
                    {"temperature", evaluation.temperature},
                    {"seconds", evaluation.seconds},
                    {"metrics", MetricsJson(evaluation)},
                    {"prompts", evaluation.prompts},
                    {"gold_answers", evaluation.gold_answers},
                    {"sampled", ToJson(evaluation.sampled)},
                    {"greedy", ToJson(evaluation.greedy)}};
  return io::WriteFileAtomically(path, out.dump(-1, ' ', false, json::error_handler_t::replace));
}

absl::StatusOr<Evaluation> LoadEvaluation(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path));
  try {
    const json in = json::parse(text);
    Evaluation evaluation;
    evaluation.model = in.value("model", "");
    evaluation.temperature = in.value("temperature", 1.0);
    evaluation.seconds = in.value("seconds", 0.0);
    evaluation.prompts = in.at("prompts").get<std::vector<std::string>>();
    evaluation.gold_answers = in.at("gold_answers").get<std::vector<std::string>>();
    evaluation.sampled = CompletionsFromJson(in.at("sampled"));
    evaluation.greedy = CompletionsFromJson(in.at("greedy"));
    return evaluation;
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not an evaluation of this program (", error.what(), "); delete it to evaluate again"));
  }
}

std::vector<ExamplePair> TellingExamples(const Evaluation& before, const Evaluation& after, int count) {
  if (before.prompts != after.prompts) return {};
  const double before_length = MedianLength(before), after_length = MedianLength(after);
  std::vector<std::pair<double, ExamplePair>> ranked;
  for (int64_t problem = 0; problem < static_cast<int64_t>(before.prompts.size()); ++problem) {
    const ExamplePair pair{SampleZero(before, problem), SampleZero(after, problem), problem};
    if (pair.before != nullptr && pair.after != nullptr) ranked.emplace_back(Dullness(pair, before_length, after_length), pair);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ExamplePair> examples;
  for (const auto& [score, pair] : ranked) {
    if (static_cast<int>(examples.size()) < count) examples.push_back(pair);
  }
  return examples;
}

}  // namespace cohort::cli
