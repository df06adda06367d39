#include "services/cli/admin/command_groups.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

}  // namespace

void AddRunControlCommands(CLI::App& app, int* exit_code) {
  CLI::App* run = app.get_subcommand("run");
  const auto pause = std::make_shared<api::PauseRunRequest>();
  AddCommand(run, "pause", "No further update until `run resume`", "cohort run pause --reason 'looking at samples'", CommandKind::kAct, exit_code,
             [pause](Session& session) -> absl::Status {
               session.Stamp(*pause);
               api::PauseRunResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::PauseRun, *pause, &answer));
               session.Print(answer, Sentence(session.options().dry_run ? "it could be paused" : "the run pauses after the update in progress"));
               return absl::OkStatus();
             })->add_option_function<std::string>("--reason", [pause](const std::string& text) { pause->set_reason(text); }, "For people");
  AddCommand(run, "resume", "Goes on", "cohort run resume", CommandKind::kAct, exit_code, [](Session& session) -> absl::Status {
    api::ResumeRunRequest request;
    session.Stamp(request);
    api::ResumeRunResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ResumeRun, request, &answer));
    session.Print(answer, Sentence(session.options().dry_run ? "it could go on" : "the run goes on"));
    return absl::OkStatus();
  });
  const auto rate = std::make_shared<api::SetLearningRateRequest>();
  AddCommand(run, "learning-rate", "Sets the peak learning rate from the next update on", "cohort run learning-rate 1e-4", CommandKind::kAct, exit_code,
             [rate](Session& session) -> absl::Status {
               session.Stamp(*rate);
               api::SetLearningRateResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::SetLearningRate, *rate, &answer));
               session.Print(answer, Sentence(absl::StrFormat("learning rate from %g to %g, from step %d on%s", answer.previous(), rate->learning_rate(),
                                                              answer.from_step(), session.options().dry_run ? " (only checked)" : "")));
               return absl::OkStatus();
             })->add_option_function<double>("VALUE", [rate](double value) { rate->set_learning_rate(value); }, "Peak of the schedule")->required();
  const auto bound = std::make_shared<api::SetStalenessBoundRequest>();
  AddCommand(run, "staleness", "Sets how many versions old a sample may be", "cohort run staleness 1 --wait", CommandKind::kOperation, exit_code,
             [bound](Session& session) -> absl::Status {
               session.Stamp(*bound);
               api::SetStalenessBoundResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::SetStalenessBound, *bound, &answer));
               if (answer.has_operation()) return session.Conclude(answer.operation());
               session.Print(answer, Sentence(absl::StrCat("the bound could be changed from ", answer.previous())));
               return absl::OkStatus();
             })->add_option_function<int64_t>("VERSIONS", [bound](int64_t value) { bound->set_max_staleness(value); }, "0 to 64")->required();
  AddCommand(run, "config", "The config in force", "cohort run config", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    api::GetConfigResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetConfig, api::GetConfigRequest(), &answer));
    session.Print(answer, {[&answer](bool) { return answer.yaml(); }, nullptr});
    return absl::OkStatus();
  });
}

}  // namespace cohort::cli
