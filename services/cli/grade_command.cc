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
#include "services/cli/grade/service_finder.h"

namespace cohort::cli {
namespace {

constexpr size_t kMaxLineBytes = 16 << 20;
constexpr size_t kMaxBatchRows = 256;
constexpr size_t kMaxBatchPrograms = 16;  // They take a thousand times as long as answers, and a batch is answered as a whole.
constexpr size_t kMaxBatchBytes = 1 << 20;

struct GradeOptions {
  ServiceOptions service;
  std::string policy;
  bool explain = false;
  int patience_s = 120;
};

size_t BytesOf(const GradeRow& row) { return row.item.completion().size() + row.item.gold_answer().size() + row.id.size(); }

// Most bytes of a reference answer that the service takes.
size_t MaxGoldBytes(const GradeOptions& options) { return options.service.grades_code ? reward::kMaxProblemBytes : reward::kMaxGoldTransportBytes; }

GradeRow ReadRow(LineReader::Result result, const std::string& line, int64_t number, size_t max_gold_bytes) {
  if (result == LineReader::Result::kTooLong) return BadRow(number, absl::StrCat("it is longer than ", kMaxLineBytes, " bytes"));
  GradeRow row = ParseGradeRow(line, number);
  if (row.item.completion().size() > reward::kMaxCompletionBytes) {
    row.error = absl::StrCat("line ", number, ": the completion is longer than ", reward::kMaxCompletionBytes, " bytes");
  }
  if (row.item.gold_answer().size() > max_gold_bytes) row.error = absl::StrCat("line ", number, ": 'gold' is longer than ", max_gold_bytes, " bytes");
  return row;
}

// Reads all rows and hands them over in batches; small ones when the writer of the input waits for answers. Sets *bad_rows.
absl::Status GradeAll(LineReader& reader, const GradeOptions& options, GradePipeline& pipeline, bool* bad_rows) {
  const size_t max_rows = options.service.grades_code ? kMaxBatchPrograms : kMaxBatchRows;
  std::vector<GradeRow> batch;
  size_t bytes = 0;
  std::string line;
  for (int64_t number = 1;; ++number) {
    const LineReader::Result result = reader.Next(&line);
    if (result == LineReader::Result::kEnd) break;
    const bool blank = result == LineReader::Result::kLine && line.find_first_not_of(" \t\r") == std::string::npos;
    if (!blank) {
      batch.push_back(ReadRow(result, line, number, MaxGoldBytes(options)));
      batch.back().item.set_policy_id(options.policy);
      batch.back().item.set_explain(options.explain);
      bytes += BytesOf(batch.back());
      *bad_rows = *bad_rows || !batch.back().ok();
    }
    if (batch.size() >= max_rows || bytes >= kMaxBatchBytes || (!batch.empty() && reader.WouldBlock())) {
      COHORT_RETURN_IF_ERROR(pipeline.Add(std::exchange(batch, {})));
      bytes = 0;
    }
    for (bool idle = false; !idle && reader.WouldBlock();) {
      COHORT_ASSIGN_OR_RETURN(idle, pipeline.Idle());
    }
  }
  if (!batch.empty()) COHORT_RETURN_IF_ERROR(pipeline.Add(std::move(batch)));
  return pipeline.Finish();
}

int Grade(const GradeOptions& options) {
  if (absl::StrContains(options.policy, ':')) {
    return Finish(absl::InvalidArgumentError("--policy: the template is that of each row; give settings alone, such as rel_tol=1e-6"));
  }
  ServiceFinder finder(options.service);
  GradePipeline pipeline([&finder] { return finder.Connect(); }, stdout, absl::Seconds(options.patience_s));
  LineReader reader(STDIN_FILENO, kMaxLineBytes);
  bool bad_rows = false;
  const absl::Status graded = GradeAll(reader, options, pipeline, &bad_rows);
  if (!graded.ok()) return Finish(graded);
  return bad_rows ? kExitFailed : kExitOk;
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
