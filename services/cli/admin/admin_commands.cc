#include "services/cli/admin/admin_commands.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "services/cli/admin/session.h"
#include "services/cli/admin/views.h"
#include "services/cli/command/interrupt.h"

namespace cohort::cli {
namespace {

namespace api = admin::v1;
using Stub = AdminClient::Stub;

// Longest life of a stream; the commands reconnect.
constexpr absl::Duration kStreamLife = absl::Hours(1);
constexpr absl::Duration kReconnect = absl::Seconds(1);

template <typename T>
std::shared_ptr<T> Shared() {
  return std::make_shared<T>();
}

// A group of commands.
CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

absl::Status ShowStatus(Session& session) {
  api::GetClusterStatusResponse answer;
  COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetClusterStatus, api::GetClusterStatusRequest(), &answer));
  session.Print(answer, ViewOf(answer));
  return absl::OkStatus();
}

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

void AddLooks(CLI::App& app, int* exit_code) {
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
  CLI::App* services = AddGroup(app, "service", "All services of the run");
  AddCommand(services, "list", "Lists them", "cohort service list", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    api::ListServicesResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListServices, api::ListServicesRequest(), &answer));
    session.Print(answer, ViewOf(answer, session.headers()));
    return absl::OkStatus();
  });
  const auto metrics = Shared<api::GetMetricsRequest>();
  AddCommand(services, "metrics", "What one exports to Prometheus", "cohort service metrics cohort-learner", CommandKind::kRead, exit_code,
             [metrics](Session& session) -> absl::Status {
               api::GetMetricsResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetMetrics, *metrics, &answer));
               session.Print(answer, {[&answer](bool) { return answer.text(); }, nullptr});
               return absl::OkStatus();
             })
      ->add_option_function<std::string>("SERVICE", [metrics](const std::string& name) { metrics->set_service(name); }, "Its name [the learner]");
  const auto level = Shared<api::SetLogLevelRequest>();
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

void AddWorkers(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "worker", "Rollout workers");
  const auto list = Shared<api::ListWorkersRequest>();
  CLI::App* command = AddCommand(group, "list", "Lists them", "cohort worker list --filter 'state=READY AND host:gpu' -o wide", CommandKind::kRead, exit_code,
                                 [list](Session& session) { return ShowWorkers(session, *list); });
  command->add_option_function<std::string>("--filter", [list](const std::string& text) { list->set_filter(text); },
                                            "Terms like state=READY or name:gpu (fields name, state, host, version; = != :), joined by ' AND '");
  command->add_option_function<int>("--limit", [list](int count) { list->set_page_size(count); }, "Most workers [all]");
  const auto get = Shared<api::GetWorkerRequest>();
  AddCommand(group, "get", "One of them in full", "cohort worker get cohort-rollout-0", CommandKind::kRead, exit_code, [get](Session& session) -> absl::Status {
    api::GetWorkerResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetWorker, *get, &answer));
    session.Print(answer, ViewOf(answer));
    return absl::OkStatus();
  })->add_option_function<std::string>("NAME", [get](const std::string& name) { get->set_name(name); }, "Its name")->required();

  const auto drain = Shared<api::DrainWorkerRequest>();
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
  const auto undrain = Shared<api::UndrainWorkerRequest>();
  AddCommand(group, "undrain", "Lets a drained one lease again", "cohort worker undrain cohort-rollout-0", CommandKind::kAct, exit_code,
             [undrain](Session& session) -> absl::Status {
               session.Stamp(*undrain);
               api::UndrainWorkerResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::UndrainWorker, *undrain, &answer));
               session.Print(answer, Sentence(absl::StrCat(undrain->name(), session.options().dry_run ? " could lease again" : " leases again"), undrain->name()));
               return absl::OkStatus();
             })->add_option_function<std::string>("NAME", [undrain](const std::string& name) { undrain->set_name(name); }, "Its name")->required();
  const auto scale = Shared<api::ScaleWorkersRequest>();
  AddCommand(group, "scale", "Sets their number", "cohort worker scale 4 --wait", CommandKind::kOperation, exit_code, [scale](Session& session) -> absl::Status {
    session.Stamp(*scale);
    api::ScaleWorkersResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ScaleWorkers, *scale, &answer));
    if (answer.has_operation()) return session.Conclude(answer.operation());
    session.Print(answer, Sentence("it could be done"));
    return absl::OkStatus();
  })->add_option_function<int>("COUNT", [scale](int count) { scale->set_replicas(count); }, "How many there shall be")->required();
}

template <typename Request>
void AddLetterArguments(CLI::App* command, const std::shared_ptr<Request>& request) {
  command->add_option_function<std::vector<std::string>>("NAME", [request](const std::vector<std::string>& names) {
    for (const std::string& name : names) request->add_names(name);
  }, "Names of letters");
  command->add_flag_callback("--all", [request] { request->set_all(true); }, "All letters");
}

void AddDeadLetters(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "dlq", "Dead letters: prompts that were given up");
  const auto list = Shared<api::ListDeadLettersRequest>();
  AddCommand(group, "list", "Lists them, oldest first", "cohort dlq list -o wide", CommandKind::kRead, exit_code, [list](Session& session) -> absl::Status {
    api::ListDeadLettersResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListDeadLetters, *list, &answer));
    session.Print(answer, ViewOf(answer, session.headers()));
    return absl::OkStatus();
  })->add_option_function<int>("--limit", [list](int count) { list->set_page_size(count); }, "Most letters, up to 1000 [100]");
  const auto requeue = Shared<api::RequeueDeadLettersRequest>();
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
  const auto purge = Shared<api::PurgeDeadLettersRequest>();
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

void AddRunControl(CLI::App& app, int* exit_code) {
  CLI::App* run = app.get_subcommand("run");
  const auto pause = Shared<api::PauseRunRequest>();
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
  const auto rate = Shared<api::SetLearningRateRequest>();
  AddCommand(run, "learning-rate", "Sets the peak learning rate from the next update on", "cohort run learning-rate 1e-4", CommandKind::kAct, exit_code,
             [rate](Session& session) -> absl::Status {
               session.Stamp(*rate);
               api::SetLearningRateResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::SetLearningRate, *rate, &answer));
               session.Print(answer, Sentence(absl::StrFormat("learning rate from %g to %g, from step %d on%s", answer.previous(), rate->learning_rate(),
                                                              answer.from_step(), session.options().dry_run ? " (only checked)" : "")));
               return absl::OkStatus();
             })->add_option_function<double>("VALUE", [rate](double value) { rate->set_learning_rate(value); }, "Peak of the schedule")->required();
  const auto bound = Shared<api::SetStalenessBoundRequest>();
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

absl::Status ShowCheckpoints(Session& session) {
  api::ListCheckpointsResponse answer;
  COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListCheckpoints, api::ListCheckpointsRequest(), &answer));
  session.Print(answer, ViewOf(answer, session.headers()));
  return absl::OkStatus();
}

void AddCheckpoints(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "checkpoint", "Checkpoints of the run");
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
  CLI::App* policy = AddGroup(app, "policy", "Versions of the policy");
  AddCommand(policy, "list", "Versions that can be gone back to", "cohort policy list", CommandKind::kRead, exit_code, ShowCheckpoints);
  const auto rollback = Shared<api::RollbackPolicyRequest>();
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

void AddSamples(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "sample", "Completions that were trained on");
  const auto list = Shared<api::ListSamplesRequest>();
  AddCommand(group, "list", "The latest ones with their verdicts", "cohort sample list --limit 40", CommandKind::kRead, exit_code,
             [list](Session& session) -> absl::Status {
               api::ListSamplesResponse answer;
               COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListSamples, *list, &answer));
               session.Print(answer, ViewOf(answer, session.headers()));
               return absl::OkStatus();
             })->add_option_function<int>("--limit", [list](int count) { list->set_limit(count); }, "Most samples, up to 256 [16]");
  const auto name = Shared<std::string>();
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

void AddEvents(CLI::App& app, int* exit_code) {
  const auto request = Shared<api::WatchEventsRequest>();
  const auto follow = Shared<bool>();
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

void AddOperations(CLI::App& app, int* exit_code) {
  CLI::App* group = AddGroup(app, "operation", "What takes longer than a call");
  AddCommand(group, "list", "Lists them, newest first", "cohort operation list", CommandKind::kRead, exit_code, [](Session& session) -> absl::Status {
    api::ListOperationsResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::ListOperations, api::ListOperationsRequest(), &answer));
    session.Print(answer, ViewOf(answer, session.headers()));
    return absl::OkStatus();
  });
  const auto get = Shared<api::GetOperationRequest>();
  AddCommand(group, "get", "One of them", "cohort operation get op-3 -o json", CommandKind::kRead, exit_code, [get](Session& session) -> absl::Status {
    api::GetOperationResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::GetOperation, *get, &answer));
    session.Print(answer.operation(), ViewOf(answer.operation()));
    return absl::OkStatus();
  })->add_option_function<std::string>("NAME", [get](const std::string& text) { get->set_name(text); }, "op-3")->required();
  const auto awaited = Shared<std::pair<std::string, double>>();
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
  const auto cancel = Shared<api::CancelOperationRequest>();
  AddCommand(group, "cancel", "Cancels one", "cohort operation cancel op-3", CommandKind::kAct, exit_code, [cancel](Session& session) -> absl::Status {
    session.Stamp(*cancel);
    api::CancelOperationResponse answer;
    COHORT_RETURN_IF_ERROR(session.client().Call(&Stub::CancelOperation, *cancel, &answer));
    session.Print(answer, Sentence(session.options().dry_run ? "it could be cancelled" : answer.operation().message(), cancel->name()));
    return absl::OkStatus();
  })->add_option_function<std::string>("NAME", [cancel](const std::string& text) { cancel->set_name(text); }, "op-3")->required();
}

}  // namespace

void AddAdminCommands(CLI::App& app, int* exit_code) {
  AddLooks(app, exit_code);
  AddWorkers(app, exit_code);
  AddDeadLetters(app, exit_code);
  AddRunControl(app, exit_code);
  AddCheckpoints(app, exit_code);
  AddSamples(app, exit_code);
  AddEvents(app, exit_code);
  AddOperations(app, exit_code);
}

}  // namespace cohort::cli
