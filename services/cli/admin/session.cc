#include "services/cli/admin/session.h"

#include <unistd.h>

#include <iostream>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/rpc/service_tls.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/command/interrupt.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;

// One WaitOperation of many, so that progress and interrupts are noticed.
constexpr double kWaitSlice = 0.5;

Format FormatOf(const std::string& name) {
  static const std::map<std::string, Format> formats = {
      {"table", Format::kTable}, {"wide", Format::kWide}, {"json", Format::kJson}, {"yaml", Format::kYaml}, {"name", Format::kName}};
  return formats.at(name);
}

bool IsPlain(const SessionOptions& options) { return options.format == "table" || options.format == "wide"; }

absl::StatusOr<std::string> ReadToken(const std::string& file) {
  if (file.empty()) return std::string();
  COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(file));
  const std::string token(absl::StripAsciiWhitespace(text));
  const bool plain = !token.empty() && token.find_first_of(" \t\r\n") == std::string::npos;
  return plain ? absl::StatusOr<std::string>(token) : absl::InvalidArgumentError(absl::StrCat(file, ": holds something else than one token"));
}

absl::Status RunAction(const SessionOptions& options, const Action& action) {
  COHORT_ASSIGN_OR_RETURN(const Connection connection, Resolve(options.connection, options.context));
  AdminClient::Options to;
  COHORT_ASSIGN_OR_RETURN(to.address, FindAdmin(connection.endpoint));
  COHORT_ASSIGN_OR_RETURN(to.token, ReadToken(connection.token_file));
  if (connection.tls.any()) {
    COHORT_ASSIGN_OR_RETURN(to.credentials, rpc::ClientTls(connection.tls));
  } else {
    COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  }
  to.timeout = absl::Seconds(options.timeout_seconds);
  AdminClient client(std::move(to));
  Session session(options, client);
  if (!options.watch) return action(session);
  CatchInterrupts();
  const bool redraw = isatty(STDOUT_FILENO) != 0 && IsPlain(options);
  while (!Interrupted()) {
    if (redraw) std::cout << "\033[H\033[2J" << std::flush;
    const absl::Status status = action(session);
    // The service may be away for a moment; the watcher stays.
    if (!status.ok() && !absl::IsUnavailable(status)) return status;
    if (!status.ok()) std::cerr << "cohort: " << status.message() << std::endl;
    PauseUnlessInterrupted(absl::Seconds(options.interval_seconds));
  }
  return absl::OkStatus();
}

int Report(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  const std::string reason = ErrorReason(status);
  std::cerr << "cohort: " << status.message() << (reason.empty() ? "" : absl::StrCat(" [", reason, "]")) << std::endl;
  return ToExitCode(status);
}

void AddOptions(CLI::App* command, SessionOptions& options, CommandKind kind) {
  command->add_option("--endpoint", options.connection.endpoint, "HOST:PORT of the admin service, or the directory of a run that works on this machine [$COHORT_ENDPOINT, else the context's, else the newest run below ./runs]");
  command->add_option("--context", options.context, "Named connection, see cohort context [$COHORT_CONTEXT, else the current one]");
  command->add_option("-o,--output", options.format, "table, wide, json, yaml or name [table]")->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}));
  command->add_option("--token-file", options.connection.token_file, "File with the token to show");
  command->add_option("--tls-ca", options.connection.tls.ca, "Speak TLS, and trust these certificates (PEM)");
  command->add_option("--tls-cert", options.connection.tls.certificate, "Certificate to show (PEM)");
  command->add_option("--tls-key", options.connection.tls.key, "Its private key (PEM)");
  command->add_option("--timeout", options.timeout_seconds, "Seconds that a call may take [10]")->check(CLI::PositiveNumber);
  command->add_flag("--no-headers", options.no_headers, "Leave the heads of tables out");
  if (kind == CommandKind::kRead) {
    command->add_flag("-w,--watch", options.watch, "Again and again; JSON comes one answer a line");
    command->add_option("--interval", options.interval_seconds, "Seconds between two looks [2]")->check(CLI::PositiveNumber);
  }
  if (kind == CommandKind::kAct || kind == CommandKind::kOperation) {
    command->add_option("--request-id", options.request_id, "A repeated call with the same id does nothing again");
    command->add_flag("--dry-run", options.dry_run, "Only check whether it could be done");
  }
  if (kind == CommandKind::kOperation) {
    command->add_flag("--wait", options.wait, "Return when it is done");
    command->add_option("--wait-timeout", options.wait_seconds, "Longest wait in seconds [300]")->check(CLI::PositiveNumber);
  }
}

}  // namespace

void Session::Print(const google::protobuf::Message& answer, const Presentation& presentation) const {
  std::cout << Render(answer, presentation, FormatOf(options_.format), options_.watch) << std::flush;
}

absl::Status Session::Conclude(const api::Operation& begun) {
  api::Operation operation = begun;
  const absl::Time end = absl::Now() + absl::Seconds(options_.wait_seconds);
  const bool show = isatty(STDERR_FILENO) != 0;
  while (options_.wait && operation.state() == api::OPERATION_STATE_RUNNING && absl::Now() < end) {
    api::WaitOperationRequest request;
    request.set_name(operation.name());
    request.set_timeout_seconds(kWaitSlice);
    api::WaitOperationResponse response;
    COHORT_RETURN_IF_ERROR(client_.Call(&AdminClient::Stub::WaitOperation, request, &response, absl::Seconds(kWaitSlice)));
    operation = response.operation();
    if (show) std::cerr << absl::StrFormat("\r\033[K%3.0f %%  %s", operation.progress() * 100, operation.message()) << std::flush;
  }
  if (show && options_.wait) std::cerr << "\r\033[K" << std::flush;
  Print(operation, ViewOf(operation));
  if (operation.state() == api::OPERATION_STATE_FAILED || operation.state() == api::OPERATION_STATE_CANCELLED) {
    return absl::AbortedError(absl::StrCat(operation.name(), " ended without success: ", operation.message()));
  }
  if (options_.wait && operation.state() == api::OPERATION_STATE_RUNNING) {
    return absl::DeadlineExceededError(absl::StrCat(operation.name(), " still runs; go on with: cohort operation wait ", operation.name()));
  }
  return absl::OkStatus();
}

CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example, CommandKind kind, int* exit_code,
                     Action action) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = parent->add_subcommand(name, help);
  AddOptions(command, *options, kind);
  command->footer("Example:\n  " + example);
  command->callback([options, exit_code, action = std::move(action)] { *exit_code = Report(RunAction(*options, action)); });
  return command;
}

}  // namespace cohort::cli
