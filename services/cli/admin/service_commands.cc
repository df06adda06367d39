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

void AddServiceCommands(CLI::App& app, int* exit_code) {
  CLI::App* services = AddGroup(app, "service", "All services of the run", "cohort service list");
  AddCommand(services, "list", "Lists them", "cohort service list", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    api::ListServicesResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListServices, api::ListServicesRequest(), &answer));
    session.Print(answer, ViewOf(answer, session.headers()));
    return absl::OkStatus();
  });
  const auto metrics = std::make_shared<api::GetMetricsRequest>();
  AddCommand(services, "metrics", "What one exports to Prometheus", "cohort service metrics cohort-learner", CommandKind::kRead, exit_code,
             [metrics](Session& session) -> absl::Status {
               api::GetMetricsResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetMetrics, *metrics, &answer));
               session.Print(answer, {[&answer](bool) { return answer.text(); }, nullptr});
               return absl::OkStatus();
             })
      ->add_option_function<std::string>("SERVICE", [metrics](const std::string& name) { metrics->set_service(name); }, "Its name [the learner]");
  const auto level = std::make_shared<api::SetLogLevelRequest>();
  CLI::App* log = AddCommand(services, "log-level", "Sets how much one logs", "cohort service log-level cohort-learner WARNING", CommandKind::kAct, exit_code,
                             [level](Session& session) -> absl::Status {
                               session.Stamp(*level);
                               api::SetLogLevelResponse answer;
                               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::SetLogLevel, *level, &answer));
                               session.Print(answer, Sentence(absl::StrCat(level->service(), " logs ", common::v1::LogLevel_Name(level->level())), level->service()));
                               return absl::OkStatus();
                             });
  log->add_option_function<std::string>("SERVICE", [level](const std::string& name) { level->set_service(name); }, "Its name")->required();
  log->add_option_function<std::string>("LEVEL", [level](const std::string& name) {
       common::v1::LogLevel parsed = common::v1::LOG_LEVEL_UNSPECIFIED;
       common::v1::LogLevel_Parse("LOG_LEVEL_" + name, &parsed);
       level->set_level(parsed);
     }, "INFO, WARNING or ERROR")->required();
}

}  // namespace cohort::cli
