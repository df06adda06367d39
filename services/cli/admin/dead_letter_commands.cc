#include "services/cli/admin/command_groups.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

template <typename Request>
void AddLetterArguments(CLI::App* command, const std::shared_ptr<Request>& request) {
  command->add_option_function<std::vector<std::string>>("NAME", [request](const std::vector<std::string>& names) {
    for (const std::string& name : names) request->add_names(name);
  }, "Names of letters");
  command->add_flag_callback("--all", [request] { request->set_all(true); }, "All letters");
}

}  // namespace

void AddDeadLetterCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "dlq", "Dead letters: prompts that were given up", "cohort dlq list");
  const auto list = std::make_shared<api::ListDeadLettersRequest>();
  AddCommand(group, "list", "Lists them, oldest first", "cohort dlq list -o wide", CommandKind::kRead, exit_code, [list](Session& session) -> absl::Status {
    api::ListDeadLettersResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListDeadLetters, *list, &answer));
    session.Print(answer, ViewOf(answer, session.headers()));
    return absl::OkStatus();
  })->add_option_function<int>("--limit", [list](int count) { list->set_page_size(count); }, "Most letters, up to 1000 [100]");
  const auto requeue = std::make_shared<api::RequeueDeadLettersRequest>();
  AddLetterArguments(AddCommand(group, "requeue", "Puts them back into the queue", "cohort dlq requeue --all", CommandKind::kAct, exit_code,
                                [requeue](Session& session) -> absl::Status {
                                  session.Stamp(*requeue);
                                  api::RequeueDeadLettersResponse answer;
                                  COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::RequeueDeadLetters, *requeue, &answer));
                                  session.Print(answer, Sentence(absl::StrCat(answer.requeued(), session.options().dry_run ? " could go" : " went",
                                                                              " back into the queue; ", answer.outdated(), " of earlier incarnations stay")));
                                  return absl::OkStatus();
                                }),
                     requeue);
  const auto purge = std::make_shared<api::PurgeDeadLettersRequest>();
  AddLetterArguments(AddCommand(group, "purge", "Removes them for good", "cohort dlq purge 1764385000000-0", CommandKind::kAct, exit_code,
                                [purge](Session& session) -> absl::Status {
                                  session.Stamp(*purge);
                                  api::PurgeDeadLettersResponse answer;
                                  COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::PurgeDeadLetters, *purge, &answer));
                                  session.Print(answer, Sentence(absl::StrCat(answer.purged(), session.options().dry_run ? " would be removed" : " removed")));
                                  return absl::OkStatus();
                                }),
                     purge);
}

}  // namespace cohort::cli
