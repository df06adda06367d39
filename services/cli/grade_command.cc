#include "services/cli/grade_command.h"

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/grade/grade_pipeline.h"
#include "services/cli/grade/grade_row.h"
#include "services/cli/grade/line_reader.h"
#include "services/cli/grade/private_reward_service.h"

namespace cohort::cli {
namespace {

constexpr size_t kMaxLineBytes = 16 << 20;
constexpr size_t kMaxCompletionBytes = 4 << 20;  // What the service takes.
constexpr size_t kMaxGoldBytes = 64 * 1024;
constexpr size_t kMaxBatchRows = 256;
constexpr size_t kMaxBatchBytes = 1 << 20;
constexpr absl::Duration kReadyPatience = absl::Seconds(30);

struct GradeOptions {
  std::string endpoint;  // Empty: a private service.
  int workers = 0;
  int check_deadline_ms = 100;
  int patience_s = 120;
};

// Finds the service to talk to: the given one, or a private one that is started again when it has ended.
class ServiceFinder {
 public:
  explicit ServiceFinder(const GradeOptions& options) : options_(options) {}

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect() {
    const absl::Time deadline = absl::Now() + kReadyPatience;
    if (!options_.endpoint.empty()) return ConnectTo(options_.endpoint, deadline, nullptr);
    for (;;) {  // A private service that was killed may still be about to end.
      COHORT_RETURN_IF_ERROR(EnsurePrivate(deadline));
      auto channel = ConnectTo(private_->address(), deadline, [this] { return !private_->running(); });
      if (channel.ok() || private_->running() || absl::Now() >= deadline) return channel;
    }
  }

 private:
  static absl::StatusOr<std::shared_ptr<grpc::Channel>> ConnectTo(const std::string& address, absl::Time deadline, const std::function<bool()>& cancelled) {
    auto channel = rpc::Connect(address);
    COHORT_RETURN_IF_ERROR(rpc::WaitUntilReady(channel, absl::StrCat("reward service at ", address), "readiness", deadline, cancelled));
    return channel;
  }
  absl::Status EnsurePrivate(absl::Time deadline) {
    if (private_ != nullptr) return private_->EnsureRunning(deadline);
    COHORT_ASSIGN_OR_RETURN(private_, PrivateRewardService::Start({"--name", "reward-grade", "--sandbox-workers", absl::StrCat(options_.workers),
                                                                   "--check-deadline-ms", absl::StrCat(options_.check_deadline_ms)},
                                                                  deadline));
    return absl::OkStatus();
  }

  const GradeOptions& options_;
  std::unique_ptr<PrivateRewardService> private_;
};

size_t BytesOf(const GradeRow& row) { return row.item.completion().size() + row.item.gold_answer().size() + row.id.size(); }

GradeRow ReadRow(LineReader::Result result, const std::string& line, int64_t number) {
  if (result == LineReader::Result::kTooLong) return BadRow(number, absl::StrCat("it is longer than ", kMaxLineBytes, " bytes"));
  GradeRow row = ParseGradeRow(line, number);
  if (row.item.completion().size() > kMaxCompletionBytes) {
    row.error = absl::StrCat("line ", number, ": the completion is longer than ", kMaxCompletionBytes, " bytes");
  }
  if (row.item.gold_answer().size() > kMaxGoldBytes) row.error = absl::StrCat("line ", number, ": 'gold' is longer than ", kMaxGoldBytes, " bytes");
  return row;
}

// Reads all rows and hands them over in batches; small ones when the writer of the input waits for answers. Sets *bad_rows.
absl::Status GradeAll(LineReader& reader, GradePipeline& pipeline, bool* bad_rows) {
  std::vector<GradeRow> batch;
  size_t bytes = 0;
  std::string line;
  for (int64_t number = 1;; ++number) {
    const LineReader::Result result = reader.Next(&line);
    if (result == LineReader::Result::kEnd) break;
    const bool blank = result == LineReader::Result::kLine && line.find_first_not_of(" \t\r") == std::string::npos;
    if (!blank) {
      batch.push_back(ReadRow(result, line, number));
      bytes += BytesOf(batch.back());
      *bad_rows = *bad_rows || !batch.back().ok();
    }
    if (batch.size() >= kMaxBatchRows || bytes >= kMaxBatchBytes || (!batch.empty() && reader.WouldBlock())) {
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
  ServiceFinder finder(options);
  GradePipeline pipeline([&finder] { return finder.Connect(); }, stdout, absl::Seconds(options.patience_s));
  LineReader reader(STDIN_FILENO, kMaxLineBytes);
  bool bad_rows = false;
  const absl::Status graded = GradeAll(reader, pipeline, &bad_rows);
  if (!graded.ok()) return Finish(graded);
  return bad_rows ? kExitFailed : kExitOk;
}

}  // namespace

void AddGradeCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("grade", "Grade answers or completions, JSONL on stdin to JSONL on stdout");
  auto options = std::make_shared<GradeOptions>();
  command->add_option("--endpoint", options->endpoint, "host:port of a reward service (default: a private one is started)");
  command->add_option("--workers", options->workers, "sandboxed workers of the private service; 0 is one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--check-deadline-ms", options->check_deadline_ms, "time of one check before its worker is killed (private service)")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  command->add_option("--patience-s", options->patience_s, "seconds without any answer after which the service is given up")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  command->footer(
      "Rows:\n"
      "  {\"id\": 1, \"gold\": \"1/2\", \"answer\": \"0.5\"}\n"
      "  {\"id\": 2, \"gold\": \"1/2\", \"completion\": \"<think>…</think><answer>0.5</answer>\", \"template\": \"r1_zero\"}\n"
      "  template: r1_zero (default), r1_released, boxed, gsm8k, dapo; think_prefilled: false by default;\n"
      "  finish_reason: \"stop\" by default; eos_strings: [] by default\n"
      "Example:\n"
      "  echo '{\"id\": 1, \"gold\": \"1/2\", \"answer\": \"50%\"}' | cohort grade");
  command->callback([options, exit_code] { *exit_code = Grade(*options); });
}

}  // namespace cohort::cli
