#include "services/cli/admin/command_groups.h"

#include <memory>
#include <string>
#include <utility>

#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

}  // namespace

void AddOperationCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "operation", "What takes longer than a call", "cohort operation list");
  AddCommand(group, "list", "Lists them, newest first", "cohort operation list", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    api::ListOperationsResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListOperations, api::ListOperationsRequest(), &answer));
    session.Print(answer, ViewOf(answer, session.headers()));
    return absl::OkStatus();
  });
  const auto get = std::make_shared<api::GetOperationRequest>();
  AddCommand(group, "get", "One of them", "cohort operation get op-3 -o json", CommandKind::kRead, exit_code, [get](Session& session) -> absl::Status {
    api::GetOperationResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetOperation, *get, &answer));
    session.Print(answer.operation(), ViewOf(answer.operation()));
    return absl::OkStatus();
  })->add_option_function<std::string>("NAME", [get](const std::string& text) { get->set_name(text); }, "op-3")->required();
  const auto awaited = std::make_shared<std::pair<std::string, double>>();
  awaited->second = 300;
  CLI::App* command = AddCommand(group, "wait", "Waits until one has ended", "cohort operation wait op-3 --for 60", CommandKind::kStream, exit_code,
                                 [awaited](Session& session) -> absl::Status {
                                   SessionOptions options = session.options();
                                   options.wait = true;
                                   options.wait_seconds = awaited->second;
                                   Session waiting(options, session.client());
                                   api::GetOperationRequest request;
                                   request.set_name(awaited->first);
                                   api::GetOperationResponse answer;
                                   COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetOperation, request, &answer));
                                   return waiting.Conclude(answer.operation());
                                 });
  command->add_option("NAME", awaited->first, "op-3")->required();
  command->add_option("--for", awaited->second, "Longest wait in seconds [300]")->check(CLI::PositiveNumber);
  const auto cancel = std::make_shared<api::CancelOperationRequest>();
  AddCommand(group, "cancel", "Cancels one", "cohort operation cancel op-3", CommandKind::kAct, exit_code, [cancel](Session& session) -> absl::Status {
    session.Stamp(*cancel);
    api::CancelOperationResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::CancelOperation, *cancel, &answer));
    session.Print(answer, Sentence(session.options().dry_run ? "it could be cancelled" : answer.operation().message(), cancel->name()));
    return absl::OkStatus();
  })->add_option_function<std::string>("NAME", [cancel](const std::string& text) { cancel->set_name(text); }, "op-3")->required();
}

}  // namespace cohort::cli
