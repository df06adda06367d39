#include "services/cli/parse_command.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "common/reward/request/limits.h"
#include "common/rpc/client.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/grade/line_reader.h"
#include "services/cli/grade/parse_row.h"
#include "services/cli/grade/row_batches.h"
#include "services/cli/grade/service_finder.h"

namespace cohort::cli {
namespace {

namespace rv1 = cohort::reward::v1;

constexpr absl::Duration kCallDeadline = absl::Seconds(60);
constexpr int kMaxAttempts = 4;

// Sends batches of rows to the service, one after the other, and writes their results. A batch whose service goes away is sent again.
class RowParser {
 public:
  explicit RowParser(const ServiceOptions& options) : finder_(options) {}

  absl::Status ParseRows(const std::vector<ParseRow>& rows) {
    rv1::ParseRequest request;
    for (const ParseRow& row : rows) {
      if (row.ok()) request.add_answers(row.latex);
    }
    rv1::ParseResponse response;
    if (request.answers_size() > 0) COHORT_RETURN_IF_ERROR(Call(request, &response));
    if (response.answers_size() != request.answers_size()) return absl::InternalError("the reward service answered another number of rows");
    std::string output;
    int next = 0;
    for (const ParseRow& row : rows) output += row.ok() ? FormatParsed(row, response.answers(next++)) : FormatParseError(row);
    const bool written = std::fwrite(output.data(), 1, output.size(), stdout) == output.size() && std::fflush(stdout) == 0;
    return written ? absl::OkStatus() : absl::UnavailableError("the output cannot be written");
  }

 private:
  absl::Status Call(const rv1::ParseRequest& request, rv1::ParseResponse* response) {
    absl::Status called;
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      if (stub_ == nullptr) {
        COHORT_ASSIGN_OR_RETURN(const auto channel, finder_.Connect());
        stub_ = rv1::RewardService::NewStub(channel);
      }
      called = rpc::CallWithRetry(
          "reward service", absl::Now() + kCallDeadline, {.attempt_timeout = kCallDeadline},
          [&](grpc::ClientContext& context) { return stub_->Parse(&context, request, response); }, [this] { return finder_.lost(); });
      if (called.ok() || !finder_.lost()) return called;
      stub_ = nullptr;
    }
    return called;
  }

  ServiceFinder finder_;
  std::unique_ptr<rv1::RewardService::Stub> stub_;
};

ParseRow ReadRow(const std::string& line, int64_t number) {
  ParseRow row = ReadParseRow(line, number);
  if (row.latex.size() > reward::kMaxCompletionBytes) row.error = absl::StrCat("line ", number, ": 'latex' is longer than ", reward::kMaxCompletionBytes, " bytes");
  return row;
}

int Parse(const ServiceOptions& options) {
  RowParser parser(options);
  LineReader reader(STDIN_FILENO, kMaxLineBytes);
  const absl::StatusOr<bool> fine = ReadRows<ParseRow>(reader, {.read = ReadRow,
                                                                .bytes = [](const ParseRow& row) { return row.latex.size(); },
                                                                .batch = [&parser](const std::vector<ParseRow>& rows) { return parser.ParseRows(rows); },
                                                                .idle = nullptr});
  if (!fine.ok()) return Finish(fine.status());
  return *fine ? kExitOk : kExitFailed;
}

}  // namespace

void AddParseCommand(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("parse", "Show the canonical form of answers, JSONL on stdin to JSONL on stdout");
  auto options = std::make_shared<ServiceOptions>();
  options->AddFlags(*command);
  command->footer(
      "Rows in:  {\"id\": 1, \"latex\": \"\\\\frac{2}{4}\"}\n"
      "Rows out: {\"id\": 1, \"ok\": true, \"canonical\": \"1/2\", \"error\": null}\n"
      "Example:\n"
      "  echo '{\"id\": 1, \"latex\": \"0.50\"}' | cohort parse");
  command->callback([options, exit_code] { *exit_code = Parse(*options); });
}

}  // namespace cohort::cli
