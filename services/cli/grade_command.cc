#include "services/cli/grade_command.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/reward/format/template_name.h"
#include "common/reward/request/limits.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/grade/grade_pipeline.h"
#include "services/cli/grade/grade_row.h"
#include "services/cli/grade/line_reader.h"
#include "services/cli/grade/row_batches.h"
#include "services/cli/grade/service_finder.h"

namespace cohort::cli {
namespace {

constexpr size_t kMaxBatchPrograms = 16;  // They take a thousand times as long as answers, and a batch is answered as a whole.

struct GradeOptions {
  ServiceOptions service;
  std::string policy;
  bool explain = false;
  int patience_s = 120;
};

size_t BytesOf(const GradeRow& row) { return row.item.completion().size() + row.item.gold_answer().size() + row.id.size(); }

// Most bytes of a reference answer that the service takes.
size_t MaxGoldBytes(const GradeOptions& options) { return options.service.grades_code ? reward::kMaxProblemBytes : reward::kMaxGoldTransportBytes; }

GradeRow ReadRow(const std::string& line, int64_t number, const GradeOptions& options) {
  GradeRow row = ParseGradeRow(line, number);
  if (row.item.completion().size() > reward::kMaxCompletionBytes) row.error = absl::StrCat("line ", number, ": the completion is longer than ", reward::kMaxCompletionBytes, " bytes");
  if (row.item.gold_answer().size() > MaxGoldBytes(options)) row.error = absl::StrCat("line ", number, ": 'gold' is longer than ", MaxGoldBytes(options), " bytes");
  row.item.set_policy_id(options.policy);
  row.item.set_explain(options.explain);
  return row;
}

absl::StatusOr<bool> GradeAll(const GradeOptions& options, GradePipeline& pipeline) {
  LineReader reader(STDIN_FILENO, kMaxLineBytes);
  const absl::StatusOr<bool> fine = ReadRows<GradeRow>(reader, {.read = [&options](const std::string& line, int64_t number) { return ReadRow(line, number, options); },
                                                                .bytes = BytesOf,
                                                                .batch = [&pipeline](std::vector<GradeRow> rows) { return pipeline.Add(std::move(rows)); },
                                                                .idle = [&pipeline] { return pipeline.Idle(); },
                                                                 .max_rows = options.service.grades_code ? kMaxBatchPrograms : kMaxBatchRows});
  COHORT_RETURN_IF_ERROR(fine.status());
  COHORT_RETURN_IF_ERROR(pipeline.Finish());
  return fine;
}

int Grade(const GradeOptions& options) {
  if (absl::StrContains(options.policy, ':')) {
    return Finish(absl::InvalidArgumentError("--policy: the template is that of each row; give settings alone, such as rel_tol=1e-6"));
  }
  ServiceFinder finder(options.service);
  GradePipeline pipeline([&finder] { return finder.Connect(); }, stdout, absl::Seconds(options.patience_s));
  const absl::StatusOr<bool> fine = GradeAll(options, pipeline);
  if (!fine.ok()) return Finish(fine.status());
  return *fine ? kExitOk : kExitFailed;
}

}  // namespace

void AddGradeCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("grade", "Grade answers or completions, JSONL on stdin to JSONL on stdout");
  auto options = std::make_shared<GradeOptions>();
  options->service.AddFlags(*command);
  command->add_option("--policy", options->policy,
                      "what counts as equal: exact (default), round_to_shown, rel_tol=X, six_decimals, units=convert|strip|require, order_matters, "
                      "assignment_lhs_optional=false, interval_is_inequality=false, text_fold=false, literal_only, min_think_chars=N; several with commas. code: answers are programs, "
                      "references are documents with tests");
  command->add_flag("--allow-weak-isolation", options->service.allow_weak_isolation,
                    "with --policy code: run the programs although neither gVisor nor Kata stands around them");
  command->add_flag("--explain", options->explain, "add the canonical forms of both sides and the rule that decided");
  command->add_option("--patience-s", options->patience_s, "seconds without any answer after which the service is given up")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  command->footer(
      "Rows:\n"
      "  {\"id\": 1, \"gold\": \"1/2\", \"answer\": \"0.5\"}\n"
      "  {\"id\": 2, \"gold\": \"1/2\", \"completion\": \"<think>…</think><answer>0.5</answer>\", \"template\": \"r1_zero\"}\n"
      "  template: r1_zero (default), r1_released, boxed, gsm8k, dapo; think_prefilled: false by default;\n"
      "  finish_reason: \"stop\" by default; eos_strings: [] by default; source: the data set, for the service's metrics\n"
      "Example:\n"
      "  echo '{\"id\": 1, \"gold\": \"1/2\", \"answer\": \"50%\"}' | cohort grade\n"
      "  cohort grade --policy rel_tol=1e-4 --explain < answers.jsonl");
  command->callback([options, exit_code] {
    options->service.grades_code = reward::AsksForCode(options->policy);
    *exit_code = Grade(*options);
  });
}

}  // namespace cohort::cli
