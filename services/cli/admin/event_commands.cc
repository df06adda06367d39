#include "services/cli/admin/command_groups.h"

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/cli/admin/views.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

// Longest life of a stream; the commands reconnect.
constexpr absl::Duration kStreamLife = absl::Hours(1);
constexpr absl::Duration kReconnect = absl::Seconds(1);

// Prints events until the stream ends; `request` goes on where it ended.
absl::Status FollowEvents(Session& session, api::WatchEventsRequest& request) {
  grpc::ClientContext context;
  session.client().Prepare(context, kStreamLife);
  const auto reader = session.client().stub().WatchEvents(&context, request);
  api::WatchEventsResponse answer;
  while (reader->Read(&answer)) {
    request.set_resume_token(answer.resume_token());
    request.set_from_start(false);
    if (answer.has_event() || answer.gap() != 0) session.Print(answer, ViewOf(answer));
  }
  return session.client().Describe(rpc::FromGrpc(reader->Finish()));
}

}  // namespace

void AddEventCommands(CLI::App& app, int* exit_code) {
  const auto request = std::make_shared<api::WatchEventsRequest>();
  const auto follow = std::make_shared<bool>();
  CLI::App* command = AddCommand(&app, "events", "What happened in the run; gaps are told", "cohort events --follow", CommandKind::kStream, exit_code,
                                 [request, follow](Session& session) -> absl::Status {
                                   request->set_no_follow(!*follow);
                                   if (request->resume_token().empty()) request->set_from_start(true);
                                   for (;;) {
                                     const absl::Status ended = FollowEvents(session, *request);
                                     const bool again = *follow && (absl::IsUnavailable(ended) || absl::IsDeadlineExceeded(ended)) && !request->resume_token().empty();
                                     if (!again) return ended;
                                     absl::SleepFor(kReconnect);
                                   }
                                 });
  command->add_flag("-f,--follow", *follow, "Go on with what is to come");
  command->add_option_function<std::string>("--resume", [request](const std::string& token) { request->set_resume_token(token); },
                                            "Go on after an event (resume_token of -o json)");
}

}  // namespace cohort::cli
