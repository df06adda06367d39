#include "services/cli/admin/command_groups.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

}  // namespace

absl::Status ShowWorkers(Session& session, const api::ListWorkersRequest& first) {
  api::ListWorkersRequest request = first;
  api::ListWorkersResponse all, page;
  do {
    page.Clear();
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListWorkers, request, &page));
    all.MergeFrom(page);
    request.set_page_token(page.next_page_token());
  } while (request.page_size() == 0 && !page.next_page_token().empty());
  all.set_total_size(page.total_size());
  all.set_num_filtered(page.num_filtered());
  all.set_next_page_token(page.next_page_token());
  session.Print(all, ViewOf(all, session.headers()));
  return absl::OkStatus();
}

void AddWorkerCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "worker", "Rollout workers", "cohort worker list");
  const auto list = std::make_shared<api::ListWorkersRequest>();
  CLI::App* command = AddCommand(group, "list", "Lists them", "cohort worker list --filter 'state=READY AND host:gpu' -o wide", CommandKind::kRead, exit_code,
                                 [list](Session& session) { return ShowWorkers(session, *list); });
  command->add_option_function<std::string>("--filter", [list](const std::string& text) { list->set_filter(text); },
                                            "Terms like state=READY or name:gpu (fields name, state, host, version; = != :), joined by ' AND '");
  command->add_option_function<int>("--limit", [list](int count) { list->set_page_size(count); }, "Most workers [all]");
  const auto get = std::make_shared<api::GetWorkerRequest>();
  AddCommand(group, "get", "One of them in full", "cohort worker get cohort-rollout-0", CommandKind::kRead, exit_code, [get](Session& session) -> absl::Status {
    api::GetWorkerResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetWorker, *get, &answer));
    session.Print(answer, ViewOf(answer));
    return absl::OkStatus();
  })->add_option_function<std::string>("NAME", [get](const std::string& name) { get->set_name(name); }, "Its name")->required();

  const auto drain = std::make_shared<api::DrainWorkerRequest>();
  command = AddCommand(group, "drain", "Makes one lease nothing more", "cohort worker drain cohort-rollout-0 --reason 'kernel update' --wait", CommandKind::kOperation,
                       exit_code, [drain](Session& session) -> absl::Status {
                         session.Stamp(*drain);
                         api::DrainWorkerResponse answer;
                         COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::DrainWorker, *drain, &answer));
                         if (answer.has_operation()) return session.Conclude(answer.operation());
                         session.Print(answer, Sentence("it could be done", drain->name()));
                         return absl::OkStatus();
                       });
  command->add_option_function<std::string>("NAME", [drain](const std::string& name) { drain->set_name(name); }, "Its name")->required();
  command->add_option_function<std::string>("--reason", [drain](const std::string& text) { drain->set_reason(text); }, "For events and logs");
  command->add_flag_callback("--exit", [drain] { drain->set_exit(true); }, "End its process once it holds nothing");
  command->add_option_function<double>("--grace", [drain](double seconds) { drain->set_grace_seconds(seconds); },
                                       "With --exit: seconds that groups in progress may take [the worker's own]");
  const auto undrain = std::make_shared<api::UndrainWorkerRequest>();
  AddCommand(group, "undrain", "Lets a drained one lease again", "cohort worker undrain cohort-rollout-0", CommandKind::kAct, exit_code,
             [undrain](Session& session) -> absl::Status {
               session.Stamp(*undrain);
               api::UndrainWorkerResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::UndrainWorker, *undrain, &answer));
               session.Print(answer, Sentence(absl::StrCat(undrain->name(), session.options().dry_run ? " could lease again" : " leases again"), undrain->name()));
               return absl::OkStatus();
             })->add_option_function<std::string>("NAME", [undrain](const std::string& name) { undrain->set_name(name); }, "Its name")->required();
  const auto scale = std::make_shared<api::ScaleWorkersRequest>();
  AddCommand(group, "scale", "Sets their number", "cohort worker scale 4 --wait", CommandKind::kOperation, exit_code, [scale](Session& session) -> absl::Status {
    session.Stamp(*scale);
    api::ScaleWorkersResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ScaleWorkers, *scale, &answer));
    if (answer.has_operation()) return session.Conclude(answer.operation());
    session.Print(answer, Sentence("it could be done"));
    return absl::OkStatus();
  })->add_option_function<int>("COUNT", [scale](int count) { scale->set_replicas(count); }, "How many there shall be")->required();
}

}  // namespace cohort::cli
