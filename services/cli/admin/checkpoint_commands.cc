#include "services/cli/admin/command_groups.h"

#include <memory>
#include <string>

#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

absl::Status ShowCheckpoints(Session& session) {
  api::ListCheckpointsResponse answer;
  COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListCheckpoints, api::ListCheckpointsRequest(), &answer));
  session.Print(answer, ViewOf(answer, session.headers()));
  return absl::OkStatus();
}

}  // namespace

void AddCheckpointCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "checkpoint", "Checkpoints of the run", "cohort checkpoint list");
  AddCommand(group, "list", "Lists them", "cohort checkpoint list -o wide", CommandKind::kRead, exit_code, ShowCheckpoints);
  AddCommand(group, "create", "Writes one between two steps", "cohort checkpoint create --wait", CommandKind::kOperation, exit_code,
             [](Session& session) -> absl::Status {
               api::CreateCheckpointRequest request;
               session.Stamp(request);
               api::CreateCheckpointResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::CreateCheckpoint, request, &answer));
               if (answer.has_operation()) return session.Conclude(answer.operation());
               session.Print(answer, Sentence("it could be done"));
               return absl::OkStatus();
             });
  CLI::App* policy = AddGroup(app, "policy", "Versions of the policy", "cohort policy list");
  AddCommand(policy, "list", "Versions that can be gone back to", "cohort policy list", CommandKind::kRead, exit_code, ShowCheckpoints);
  const auto rollback = std::make_shared<api::RollbackPolicyRequest>();
  AddCommand(policy, "rollback", "Goes back to a checkpoint; later steps are done again", "cohort policy rollback step-000025 --wait", CommandKind::kOperation,
             exit_code, [rollback](Session& session) -> absl::Status {
               session.Stamp(*rollback);
               api::RollbackPolicyResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::RollbackPolicy, *rollback, &answer));
               if (answer.has_operation()) return session.Conclude(answer.operation());
               session.Print(answer, Sentence("it could be done", rollback->checkpoint()));
               return absl::OkStatus();
             })
      ->add_option_function<std::string>("CHECKPOINT", [rollback](const std::string& name) { rollback->set_checkpoint(name); }, "step-000025, or initial")
      ->required();
}

}  // namespace cohort::cli
