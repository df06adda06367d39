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

void AddSampleCommands(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "sample", "Completions that were trained on", "cohort sample list");
  const auto list = std::make_shared<api::ListSamplesRequest>();
  AddCommand(group, "list", "The latest ones with their verdicts", "cohort sample list --limit 40", CommandKind::kRead, exit_code,
             [list](Session& session) -> absl::Status {
               api::ListSamplesResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListSamples, *list, &answer));
               session.Print(answer, ViewOf(answer, session.headers()));
               return absl::OkStatus();
             })->add_option_function<int>("--limit", [list](int count) { list->set_limit(count); }, "Most samples, up to 256 [16]");
  const auto name = std::make_shared<std::string>();
  AddCommand(group, "show", "One of the latest in full", "cohort sample show quickstart/12/0#3", CommandKind::kRead, exit_code, [name](Session& session) -> absl::Status {
    api::ListSamplesRequest request;
    request.set_limit(256);
    api::ListSamplesResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListSamples, request, &answer));
    for (const auto& sample : answer.samples()) {
      if (SampleName(sample) != *name) continue;
      session.Print(sample, ViewOf(sample));
      return absl::OkStatus();
    }
    return absl::NotFoundError(absl::StrCat("'", *name, "' is not among the latest samples; `cohort sample list --limit 256 -o name` names them"));
  })->add_option("NAME", *name, "run/step/slot#sample, as `sample list` shows it")->required();
}

}  // namespace cohort::cli
