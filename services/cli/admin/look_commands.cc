#include "services/cli/admin/command_groups.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

absl::Status ShowStatus(Session& session) {
  api::GetClusterStatusResponse answer;
  COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetClusterStatus, api::GetClusterStatusRequest(), &answer));
  session.Print(answer, ViewOf(answer));
  return absl::OkStatus();
}

}  // namespace

void AddLookCommands(CLI::App& app, int* exit_code) {
  AddCommand(&app, "status", "The run and its services at a glance", "cohort status --endpoint 127.0.0.1:7070 -o json", CommandKind::kRead, exit_code, ShowStatus);
  AddCommand(&app, "top", "A live screen of the run and its workers", "cohort top --watch", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    COHORT_RETURN_IF_ERROR(ShowStatus(session));
    std::cout << "\n";
    return ShowWorkers(session, {});
  });
  AddCommand(&app, "doctor", "Examines everything and explains what is wrong", "cohort doctor", CommandKind::kRead, exit_code,
             [](Session& session) -> absl::Status {
               api::DiagnoseResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::Diagnose, api::DiagnoseRequest(), &answer));
               session.Print(answer, ViewOf(answer, session.headers()));
               for (const api::Finding& finding : answer.findings()) {
                 if (finding.severity() == api::SEVERITY_ERROR) return absl::FailedPreconditionError(absl::StrCat(finding.check(), ": ", finding.observation()));
               }
               return absl::OkStatus();
             });
}

}  // namespace cohort::cli
