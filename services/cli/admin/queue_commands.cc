#include "services/cli/admin/command_groups.h"

#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {

void AddQueueCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "queue", "The prompt queue", "cohort queue stats");
  AddCommand(group, "stats", "How full it is, and how fast it moves", "cohort queue stats --watch", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    admin::v1::GetQueueResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&AdminClient::Stub::GetQueue, admin::v1::GetQueueRequest(), &answer));
    session.Print(answer, ViewOf(answer));
    return absl::OkStatus();
  });
}

}  // namespace cohort::cli
