#include "services/cli/evaluate/eval_report.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/command/text_table.h"
#include "services/cli/evaluate/statistics.h"

namespace cohort::cli {
namespace {

std::string Share(double value) { return absl::StrFormat("%.1f %%", value * 100); }

void AddRows(TextTable& table, const EvaluationMetrics& metrics, const std::string& kind) {
  table.Add({absl::StrCat("accuracy, ", kind), Share(metrics.accuracy)});
  table.Add({absl::StrCat("right format, ", kind), Share(metrics.format)});
  table.Add({absl::StrCat("tokens, ", kind), absl::StrFormat("%.1f", metrics.mean_length)});
  table.Add({absl::StrCat("checks itself, ", kind), Share(metrics.self_check)});
  table.Add({absl::StrCat("cut off at the limit, ", kind), Share(metrics.truncated)});
}

nlohmann::ordered_json ByK(const std::map<int64_t, double>& values) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [k, value] : values) object[absl::StrCat(k)] = value;
  return object;
}

}  // namespace

KStatistics ComputeKStatistics(const Evaluation& evaluation) {
  std::map<int64_t, std::vector<Vote>> votes;
  for (const GradedCompletion& c : evaluation.sampled) votes[c.problem].push_back({c.answer, c.correct});
  KStatistics statistics;
  if (votes.empty()) return statistics;
  int64_t samples = static_cast<int64_t>(votes.begin()->second.size());
  for (const auto& [problem, of_problem] : votes) samples = std::min(samples, static_cast<int64_t>(of_problem.size()));
  std::set<int64_t> ks = {samples};
  for (int64_t k = 1; k < samples; k *= 2) ks.insert(k);
  for (const int64_t k : ks) {
    for (const auto& [problem, of_problem] : votes) {
      const int64_t right = std::count_if(of_problem.begin(), of_problem.end(), [](const Vote& vote) { return vote.correct; });
      statistics.pass_at[k] += PassAtK(static_cast<int64_t>(of_problem.size()), right, k) / static_cast<double>(votes.size());
      statistics.majority_at[k] += MajorityAtK(of_problem, k) / static_cast<double>(votes.size());
    }
  }
  return statistics;
}

nlohmann::ordered_json EvalJson(const Evaluation& evaluation) {
  const KStatistics statistics = ComputeKStatistics(evaluation);
  nlohmann::ordered_json out = {{"model", evaluation.model}, {"temperature", evaluation.temperature}};
  out.update(nlohmann::ordered_json::parse(MetricsJson(evaluation).dump()));
  out["pass_at"] = ByK(statistics.pass_at);
  out["maj_at"] = ByK(statistics.majority_at);
  out["seconds"] = evaluation.seconds;
  return out;
}

std::string EvalTable(const Evaluation& evaluation) {
  const KStatistics statistics = ComputeKStatistics(evaluation);
  TextTable table({absl::StrCat(evaluation.prompts.size(), " problems"), evaluation.model});
  for (const auto& [k, value] : statistics.pass_at) table.Add({absl::StrCat("pass@", k), Share(value)});
  for (const auto& [k, value] : statistics.majority_at) {
    if (k > 1) table.Add({absl::StrCat("maj@", k), Share(value)});
  }
  if (!evaluation.sampled.empty()) AddRows(table, Measure(evaluation.sampled), absl::StrFormat("temperature %.2g", evaluation.temperature));
  if (!evaluation.greedy.empty()) AddRows(table, Measure(evaluation.greedy), "greedy");
  return table.Render();
}

}  // namespace cohort::cli
